//! CloudFront: <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudfront.html>.

use http::Method;

use super::path::Route;
use super::{Call, Required};
use crate::access::{Access, global};

/// Operations, and the type of the resource in the path.
const ROUTES: [Route; 24] = [
    (&Method::GET, "distribution", "ListDistributions"),
    (&Method::POST, "distribution", "CreateDistribution"),
    (&Method::GET, "distribution/*", "GetDistribution"),
    (&Method::DELETE, "distribution/*", "DeleteDistribution"),
    (&Method::GET, "distribution/*/config", "GetDistributionConfig"),
    (&Method::PUT, "distribution/*/config", "UpdateDistribution"),
    (&Method::GET, "cache-policy", "ListCachePolicies"),
    (&Method::GET, "cache-policy/*", "GetCachePolicy"),
    (&Method::PUT, "cache-policy/*", "UpdateCachePolicy"),
    (&Method::GET, "origin-access-control", "ListOriginAccessControls"),
    (&Method::GET, "origin-access-control/*", "GetOriginAccessControl"),
    (&Method::GET, "origin-request-policy/*", "GetOriginRequestPolicy"),
    (&Method::GET, "response-headers-policy", "ListResponseHeadersPolicies"),
    (&Method::GET, "response-headers-policy/*", "GetResponseHeadersPolicy"),
    (&Method::PUT, "response-headers-policy/*", "UpdateResponseHeadersPolicy"),
    (&Method::GET, "public-key", "ListPublicKeys"),
    (&Method::GET, "public-key/*", "GetPublicKey"),
    (&Method::DELETE, "public-key/*", "DeletePublicKey"),
    (&Method::GET, "key-group", "ListKeyGroups"),
    (&Method::GET, "key-group/*", "GetKeyGroup"),
    (&Method::PUT, "key-group/*", "UpdateKeyGroup"),
    (&Method::DELETE, "key-group/*", "DeleteKeyGroup"),
    (&Method::POST, "domain-conflicts", "ListDomainConflicts"),
    (&Method::GET, "tagging", "ListTagsForResource"),
];

/// The types of resources that policies can name. Actions on all others accept `*` only.
const NAMED: [&str; 5] = [
    "distribution",
    "cache-policy",
    "origin-access-control",
    "origin-request-policy",
    "response-headers-policy",
];

pub(super) fn required(call: &Call<'_>) -> Required {
    let Some((operation, names)) = call.route(&ROUTES) else {
        return call.unknown(format!("{} {}", call.parts.method, call.parts.uri.path()));
    };
    let kind = call.parts.uri.path().split('/').nth(2).unwrap_or_default();
    let resource = match names.first() {
        Some(id) if NAMED.contains(&kind) => global("cloudfront", &format!("{kind}/{id}")),
        _ if operation == "ListTagsForResource" => call.query.get("Resource").unwrap_or("*").to_owned(),
        _ => "*".to_owned(),
    };
    Ok(vec![Access::new(call.action(operation), resource)])
}
