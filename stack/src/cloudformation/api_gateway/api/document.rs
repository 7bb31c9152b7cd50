//! The OpenAPI document that API Gateway imports: who may call which route.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::cloudformation::consequence::{Consequences, texts};

/// Compares routes, authorizers and CORS.
pub(super) fn compare(consequences: &mut Consequences, old: &Value, new: &Value) {
    let (old_routes, new_routes) = (routes(old), routes(new));
    for (route, new) in &new_routes {
        match old_routes.get(route) {
            Some(old) => operation(consequences, route, old, new),
            None if is_public(new) => {
                consequences.opens(format!("{route} is new and requires no token"));
            }
            None => {}
        }
    }
    for route in old_routes.keys().filter(|route| !new_routes.contains_key(*route)) {
        consequences.closes(format!("{route} is removed"));
    }
    let schemes = |document: &Value| document["components"]["securitySchemes"].clone();
    authorizers(consequences, &schemes(old), &schemes(new));
    cors(consequences, &old["x-amazon-apigateway-cors"], &new["x-amazon-apigateway-cors"]);
}

/// Compares who may call a route, and what responds.
fn operation(consequences: &mut Consequences, route: &str, old: &Value, new: &Value) {
    match (is_public(old), is_public(new)) {
        (false, true) => consequences.opens(format!("{route} no longer requires a token")),
        (true, false) => consequences.closes(format!("{route} now requires a token")),
        (true, true) => {}
        (false, false) => {
            consequences.target(&format!("{route} is authorized by"), &old["security"], &new["security"]);
        }
    }
    let target = |operation: &Value| operation["x-amazon-apigateway-integration"]["uri"].clone();
    consequences.target(&format!("{route} is answered by"), &target(old), &target(new));
}

fn cors(consequences: &mut Consequences, old: &Value, new: &Value) {
    consequences.list("CORS origins", &texts(&old["allowOrigins"]), &texts(&new["allowOrigins"]));
    // An additional header or method gives access to nobody: the routes decide what they respond.
    for (name, shown) in [
        ("allowHeaders", "CORS headers"),
        ("allowMethods", "CORS methods"),
        ("exposeHeaders", "headers that pages may read"),
    ] {
        let new = texts(&new[name]);
        for item in texts(&old[name]).iter().filter(|item| !new.contains(item)) {
            consequences.closes(format!("{shown} lose {item}"));
        }
    }
    consequences.cors_credentials(&old["allowCredentials"], &new["allowCredentials"]);
}

/// Another authorizer, or the same one with other settings, may accept other callers.
fn authorizers(consequences: &mut Consequences, old: &Value, new: &Value) {
    for (name, old) in old.as_object().into_iter().flatten() {
        let [old, new] = [old, &new[name]].map(|scheme| &scheme["x-amazon-apigateway-authorizer"]);
        for (property, old) in old.as_object().into_iter().flatten() {
            if *old != new[property] {
                consequences.opens(format!("the authorizer's {property} is {}, was {old}", new[property]));
            }
        }
    }
}

fn is_public(operation: &Value) -> bool {
    // An empty requirement makes the others optional.
    let is_empty = |requirement: &Value| requirement.as_object().is_some_and(Map::is_empty);
    let requirements = operation["security"].as_array();
    requirements.is_none_or(|requirements| requirements.is_empty() || requirements.iter().any(is_empty))
}

/// Returns the operations of a document, by method and path.
fn routes(document: &Value) -> BTreeMap<String, &Value> {
    let paths = document["paths"].as_object().into_iter().flatten();
    let operations = paths.flat_map(|(path, operations)| {
        let operations = operations.as_object().into_iter().flatten();
        operations.map(move |(method, operation)| (format!("{} {path}", method.to_uppercase()), operation))
    });
    operations.collect()
}
