//! The document that the gateway imports: who is let in to which route.

use std::collections::BTreeMap;

use serde_json::Value;

use super::credentials;
use crate::review::finding::{Findings, texts};

pub(in crate::review) fn api_document(findings: &mut Findings<'_>, old: &Value, new: &Value) {
    let (old_routes, new_routes) = (routes(old), routes(new));
    for (route, new_operation) in &new_routes {
        let was_public = old_routes.get(route).map(|operation| is_public(operation));
        match (was_public, is_public(new_operation)) {
            (Some(false), true) => findings.opens(format!("{route} needs no token any more")),
            (None, true) => findings.opens(format!("{route} is new, and needs no token")),
            (Some(true), false) => findings.closes(format!("{route} needs a token now")),
            _ => {}
        }
    }
    for route in old_routes.keys().filter(|route| !new_routes.contains_key(*route)) {
        findings.closes(format!("{route} is removed"));
    }
    authorizers(findings, &old["components"]["securitySchemes"], &new["components"]["securitySchemes"]);

    let (old_cors, new_cors) = (&old["x-amazon-apigateway-cors"], &new["x-amazon-apigateway-cors"]);
    let list = |cors: &Value, name: &str| texts(&cors[name]);
    findings.list("CORS origins", &list(old_cors, "allowOrigins"), &list(new_cors, "allowOrigins"));
    // A header or a method more lets in nobody else: routes decide what they answer.
    for (name, shown) in [
        ("allowHeaders", "CORS headers"),
        ("allowMethods", "CORS methods"),
        ("exposeHeaders", "headers that pages may read"),
    ] {
        let new = list(new_cors, name);
        for item in list(old_cors, name).iter().filter(|item| !new.contains(item)) {
            findings.closes(format!("{shown} lose {item}"));
        }
    }
    credentials(findings, &old_cors["allowCredentials"], &new_cors["allowCredentials"]);
}

/// Another authorizer, or the same one asked in another way, may let in others.
fn authorizers(findings: &mut Findings<'_>, old: &Value, new: &Value) {
    for (name, old) in old.as_object().into_iter().flatten() {
        let [old, new] = [old, &new[name]].map(|scheme| &scheme["x-amazon-apigateway-authorizer"]);
        for (property, old) in old.as_object().into_iter().flatten() {
            if *old != new[property] {
                findings.opens(format!("the authorizer's {property} is {}, was {old}", new[property]));
            }
        }
    }
}

fn is_public(operation: &Value) -> bool {
    operation["security"].as_array().is_none_or(Vec::is_empty)
}

fn routes(document: &Value) -> BTreeMap<String, &Value> {
    let paths = document["paths"].as_object().into_iter().flatten();
    let operations = paths.flat_map(|(path, operations)| {
        let operations = operations.as_object().into_iter().flatten();
        operations.map(move |(method, operation)| (format!("{} {path}", method.to_uppercase()), operation))
    });
    operations.collect()
}
