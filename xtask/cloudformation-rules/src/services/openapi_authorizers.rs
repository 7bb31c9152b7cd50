//! Authorizers in OpenAPI documents.

use serde_json::Value;

use crate::intrinsics::is_unknown;
use crate::rule::Rule;
use crate::services::openapi::{Finding, operations};
use crate::services::{items, members, number};
use crate::violation::escape;

const AUTHORIZER: &str = "x-amazon-apigateway-authorizer";
const MAXIMUM_CACHE_SECONDS: i64 = 3_600;

/// Returns the authorizers that lack what their kind needs.
pub(super) fn malformed(document: &Value) -> Vec<Finding> {
    members(&document["components"]["securitySchemes"])
        .filter_map(|(name, scheme)| {
            let message = format!("Invalid authorizer {name}: {}", problem(scheme.get(AUTHORIZER)?)?);
            let pointer = format!("/components/securitySchemes/{}/{AUTHORIZER}", escape(name));
            Some(Finding { rule: Rule::MalformedAuthorizer, pointer, message })
        })
        .collect()
}

fn problem(authorizer: &Value) -> Option<&'static str> {
    let is_set = |name: &str| authorizer.get(name).is_some_and(|value| !value.is_null());
    let cache = number(&authorizer["authorizerResultTtlInSeconds"]);
    if cache.is_some_and(|seconds| !(0..=MAXIMUM_CACHE_SECONDS).contains(&seconds)) {
        return Some("authorizerResultTtlInSeconds must be between 0 and 3600");
    }
    let version = &authorizer["authorizerPayloadFormatVersion"];
    match authorizer["type"].as_str()? {
        "request" if !is_set("authorizerUri") => Some("authorizerUri is required"),
        "request" if !is_unknown(version) && !matches!(version.as_str(), Some("1.0" | "2.0")) => {
            Some("authorizerPayloadFormatVersion must be 1.0 or 2.0")
        }
        "jwt" if !is_set("jwtConfiguration") || !is_set("identitySource") => {
            Some("jwtConfiguration and identitySource are required")
        }
        "request" | "jwt" => None,
        _ => Some("HTTP APIs support only the types request and jwt"),
    }
}

/// Returns the operations that refer to an authorizer that the document does not have.
pub(super) fn unknown(document: &Value) -> Vec<Finding> {
    let schemes = &document["components"]["securitySchemes"];
    let whole = [("/security".to_owned(), &document["security"])];
    let each = operations(document)
        .map(|operation| (format!("{}/security", operation.pointer()), operation.security()));
    whole
        .into_iter()
        .chain(each)
        .flat_map(|(pointer, security)| {
            items(security)
                .iter()
                .flat_map(members)
                .filter(|(name, _)| schemes.get(*name).is_none())
                .map(|(name, _)| Finding {
                    rule: Rule::UnknownAuthorizer,
                    pointer: pointer.clone(),
                    message: format!("Unable to find authorizer {name}"),
                })
                .collect::<Vec<_>>()
        })
        .collect()
}
