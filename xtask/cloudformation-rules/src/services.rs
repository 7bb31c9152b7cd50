//! What the services reject while the resources are changed, in addition to the schemas of their types.

mod api_gateway;
mod cloudfront;
mod cloudwatch;
mod environment_variables;
mod event_sources;
mod iam;
mod limits;
mod logs;
mod openapi;
mod openapi_authorizers;
mod public_keys;
mod s3;
mod sqs;

use serde_json::Value;

use crate::check::Context;
use crate::intrinsics::is_unknown;
use crate::violation::Violation;

/// The checks of all services.
const CHECKS: &[fn(&Context<'_>) -> Vec<Violation>] = &[
    limits::check,
    api_gateway::check_routes,
    api_gateway::check_route_settings,
    openapi::check,
    cloudfront::check_key_groups,
    cloudfront::check_distributions,
    cloudfront::check_cache_policies,
    cloudfront::check_cors,
    public_keys::check_changes,
    public_keys::check_removals,
    cloudwatch::check_alarms,
    cloudwatch::check_dashboards,
    environment_variables::check,
    event_sources::check,
    iam::check,
    logs::check_roles,
    logs::check_counts,
    s3::check_names,
    s3::check_lifecycles,
    sqs::check_names,
    sqs::check_redrives,
];

/// Returns the violations for which the services would reject resources.
pub(crate) fn check(context: &Context<'_>) -> Vec<Violation> {
    CHECKS.iter().flat_map(|check| check(context)).collect()
}

/// Returns the items of a list; none if it is not known.
fn items(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

/// Returns the members of an object; none if it is not known.
fn members(value: &Value) -> impl Iterator<Item = (&str, &Value)> {
    value
        .as_object()
        .filter(|_| !is_unknown(value))
        .into_iter()
        .flatten()
        .map(|(key, member)| (key.as_str(), member))
}

/// Returns a whole number, which may be a text.
fn number(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_str()?.parse().ok())
}

/// Whether a value is true, which may be a text.
fn is_true(value: &Value) -> bool {
    value.as_bool().unwrap_or_else(|| value.as_str() == Some("true"))
}

/// Returns the bytes of a value as JSON, without what is not known yet.
fn known_bytes(value: &Value) -> usize {
    fn known(value: &Value) -> Value {
        match value {
            _ if is_unknown(value) => "".into(),
            Value::Array(items) => items.iter().map(known).collect(),
            Value::Object(members) => {
                Value::Object(members.iter().map(|(key, member)| (key.clone(), known(member))).collect())
            }
            _ => value.clone(),
        }
    }
    known(value).to_string().len()
}
