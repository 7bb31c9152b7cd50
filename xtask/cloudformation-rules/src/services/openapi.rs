//! OpenAPI documents that an HTTP API imports.
//!
//! A warning fails the import only with `FailOnWarnings`. API Gateway documents only few of its warnings, so
//! several of these rules are guesses.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::check::Context;
use crate::rule::Rule;
use crate::services::{is_true, items, members, openapi_authorizers};
use crate::violation::{Violation, escape};

const ANY_METHOD: &str = "x-amazon-apigateway-any-method";
const METHODS: &[&str] = &["delete", "get", "head", "options", "patch", "post", "put", ANY_METHOD];
const EXTENSION: &str = "x-amazon-apigateway-";
const INTEGRATION: &str = "x-amazon-apigateway-integration";
const INTEGRATION_TYPES: &[&str] = &["aws_proxy", "http_proxy"];

/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-swagger-extensions.html>
const EXTENSIONS: &[&str] = &[
    "any-method",
    "api-key-source",
    "auth",
    "authorizer",
    "authtype",
    "binary-media-types",
    "cors",
    "documentation",
    "endpoint-access-mode",
    "endpoint-configuration",
    "gateway-responses",
    "importexport-version",
    "integration",
    "integrations",
    "minimum-compression-size",
    "policy",
    "request-validator",
    "request-validators",
    "security-policy",
    "tag-value",
];

/// One operation of a document.
pub(super) struct Operation<'a> {
    path: &'a str,
    method: &'a str,
    value: &'a Value,
}

impl<'a> Operation<'a> {
    /// Returns the security requirements of the operation.
    pub(super) fn security(&self) -> &'a Value {
        &self.value["security"]
    }

    /// Returns the key of the route, such as `GET /path`.
    pub(super) fn route_key(&self) -> String {
        match (self.method, self.path) {
            (ANY_METHOD, "/$default") => "$default".to_owned(),
            (ANY_METHOD, path) => format!("ANY {path}"),
            (method, path) => format!("{} {path}", method.to_ascii_uppercase()),
        }
    }

    /// Returns the JSON pointer of the operation in the document.
    pub(super) fn pointer(&self) -> String {
        format!("/paths/{}/{}", escape(self.path), self.method)
    }
}

/// Returns the operations of a document.
pub(super) fn operations(document: &Value) -> impl Iterator<Item = Operation<'_>> {
    members(&document["paths"]).flat_map(|(path, item)| {
        members(item).filter(|(method, _)| METHODS.contains(method)).map(move |(method, value)| Operation {
            path,
            method,
            value,
        })
    })
}

/// Something that API Gateway finds in a document.
pub(super) struct Finding {
    pub(super) rule: Rule,
    /// The JSON pointer in the document.
    pub(super) pointer: String,
    pub(super) message: String,
}

pub(super) fn check(context: &Context<'_>) -> Vec<Violation> {
    let apis = context.template.of_type("AWS::ApiGatewayV2::Api");
    apis.filter(|(_, api)| api.properties["Body"].is_object())
        .flat_map(|(id, api)| {
            let document = &api.properties["Body"];
            let mut findings = errors(document);
            if is_true(&api.properties["FailOnWarnings"]) {
                findings.extend(warnings(document));
            }
            findings.into_iter().map(move |Finding { rule, pointer, message }| {
                Violation::of_property(rule, id, &format!("/Body{pointer}"), message)
            })
        })
        .collect()
}

fn errors(document: &Value) -> Vec<Finding> {
    let version = document["openapi"].as_str();
    let is_valid = version.is_some_and(|version| version.starts_with("3.0")) && document["paths"].is_object();
    let message =
        "Unable to parse API definition because of a malformed document: HTTP APIs support OpenAPI 3.0";
    let finding =
        || Finding { rule: Rule::MalformedOpenApi, pointer: String::new(), message: message.to_owned() };
    (!is_valid).then(finding).into_iter().chain(openapi_authorizers::malformed(document)).collect()
}

fn warnings(document: &Value) -> Vec<Finding> {
    let mut findings = Vec::new();
    for operation in operations(document) {
        findings.extend(check_integration(document, &operation));
        findings.extend(check_parameters(&operation));
    }
    findings.extend(openapi_authorizers::unknown(document));
    visit(document, "", &mut |pointer, key, value| {
        findings.extend(check_extension(pointer, key));
        findings.extend(check_reference(document, pointer, key, value));
    });
    findings
}

fn check_integration(document: &Value, operation: &Operation<'_>) -> Option<Finding> {
    let pointer = operation.pointer();
    let Some(integration) = operation.value.get(INTEGRATION) else {
        let message = format!("No integration defined for route {}", operation.route_key());
        return Some(Finding { rule: Rule::MissingIntegration, pointer, message });
    };
    let referenced = integration["$ref"].as_str().and_then(|reference| target(document, reference));
    let kind = referenced.unwrap_or(integration)["type"].as_str()?;
    let is_supported = INTEGRATION_TYPES.contains(&kind.to_ascii_lowercase().as_str());
    let message = format!(
        "Integration type {kind} is not supported: HTTP APIs support only Lambda proxy and HTTP proxy integrations"
    );
    let pointer = format!("{pointer}/{INTEGRATION}/type");
    (!is_supported).then_some(Finding { rule: Rule::UnsupportedIntegration, pointer, message })
}

fn check_parameters(operation: &Operation<'_>) -> Vec<Finding> {
    let mut seen = BTreeSet::new();
    items(&operation.value["parameters"])
        .iter()
        .enumerate()
        .filter(|(_, parameter)| parameter["name"].is_string())
        .filter(|(_, parameter)| !seen.insert(format!("{} {}", parameter["in"], parameter["name"])))
        .map(|(index, parameter)| Finding {
            rule: Rule::DuplicateParameter,
            pointer: format!("{}/parameters/{index}", operation.pointer()),
            message: format!("The parameter {} in {} is defined twice", parameter["name"], parameter["in"]),
        })
        .collect()
}

fn check_extension(pointer: &str, key: &str) -> Option<Finding> {
    let is_unknown = !EXTENSIONS.contains(&key.strip_prefix(EXTENSION)?);
    let message = format!("Unknown extension {key}");
    is_unknown.then(|| Finding { rule: Rule::UnknownExtension, pointer: pointer.to_owned(), message })
}

fn check_reference(document: &Value, pointer: &str, key: &str, value: &Value) -> Option<Finding> {
    let reference = value.as_str().filter(|reference| key == "$ref" && reference.starts_with('#'))?;
    let message = format!("Reference to model '{reference}' not found. Ignoring.");
    let pointer = pointer.to_owned();
    target(document, reference).is_none().then_some(Finding { rule: Rule::UnresolvedModel, pointer, message })
}

fn target<'a>(document: &'a Value, reference: &str) -> Option<&'a Value> {
    document.pointer(reference.strip_prefix('#')?)
}

/// Calls a function with each member of an object inside a value.
fn visit(value: &Value, pointer: &str, found: &mut impl FnMut(&str, &str, &Value)) {
    if let Value::Array(items) = value {
        for (index, item) in items.iter().enumerate() {
            visit(item, &format!("{pointer}/{index}"), found);
        }
    }
    for (key, member) in members(value) {
        let pointer = format!("{pointer}/{}", escape(key));
        found(&pointer, key, member);
        visit(member, &pointer, found);
    }
}

#[cfg(test)]
mod tests;
