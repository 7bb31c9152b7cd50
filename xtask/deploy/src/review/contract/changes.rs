//! Determines what a change of the OpenAPI document means for API clients.
//!
//! A change is breaking if a request that was valid is rejected or gets another meaning, or if a response no longer
//! matches what the document promised. A change that only accepts or returns more is not breaking.

mod schema;

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use openapi::DatasetRole;
use serde::Serialize;
use serde_json::{Map, Value};

use self::schema::{Comparison, Direction, resolve};

/// One difference between two OpenAPI documents.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct ContractChange {
    /// Whether it may break an existing client.
    pub breaking: bool,
    /// Whether it allows requests that are not authorized today.
    pub opens: bool,
    /// The location: method, path, and the part of the operation.
    pub place: String,
    /// What changed.
    pub what: String,
}

impl ContractChange {
    /// Returns the method and the path of its route.
    pub fn route(&self) -> &str {
        self.place.split_once(',').map_or(self.place.as_str(), |(route, _)| route)
    }
}

impl fmt::Display for ContractChange {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.place, self.what)
    }
}

/// Returns all differences that matter to a client, breaking ones first.
pub(super) fn contract_changes(old: &Value, new: &Value) -> Vec<ContractChange> {
    let mut changes = Changes::default();
    let (old_routes, new_routes) = (routes(old), routes(new));
    for (route, old_operation) in &old_routes {
        match new_routes.get(route) {
            None => changes.breaking(route, "removed"),
            Some(new_operation) => {
                compare_operations(&mut changes, route, (old, old_operation), (new, new_operation));
            }
        }
    }
    for (route, operation) in new_routes.iter().filter(|(route, _)| !old_routes.contains_key(*route)) {
        if is_public(operation) {
            changes.opening(route, "added, and requires no token");
        } else {
            changes.harmless(route, "added");
        }
    }
    changes.0.sort_by(|one, other| (!one.breaking, one).cmp(&(!other.breaking, other)));
    changes.0.dedup();
    changes.0
}

#[derive(Default)]
struct Changes(Vec<ContractChange>);

impl Changes {
    fn breaking(&mut self, place: impl Into<String>, what: impl Into<String>) {
        self.add(true, false, place.into(), what.into());
    }

    fn harmless(&mut self, place: impl Into<String>, what: impl Into<String>) {
        self.add(false, false, place.into(), what.into());
    }

    fn opening(&mut self, place: impl Into<String>, what: impl Into<String>) {
        self.add(false, true, place.into(), what.into());
    }

    fn add(&mut self, breaking: bool, opens: bool, place: String, what: String) {
        self.0.push(ContractChange { breaking, opens, place, what });
    }
}

/// Returns the operations of a document by method and path.
fn routes(document: &Value) -> BTreeMap<String, &Value> {
    const METHODS: [&str; 7] = ["get", "head", "post", "put", "patch", "delete", "options"];
    let paths = document["paths"].as_object().into_iter().flatten();
    paths
        .flat_map(|(path, item)| {
            let operation =
                |method: &str| Some((format!("{} {path}", method.to_uppercase()), item.get(method)?));
            METHODS.into_iter().filter_map(operation).collect::<Vec<_>>()
        })
        .collect()
}

fn compare_operations(
    changes: &mut Changes,
    route: &str,
    (old, old_operation): (&Value, &Value),
    (new, new_operation): (&Value, &Value),
) {
    compare_access(changes, route, old_operation, new_operation);
    let (old_parameters, new_parameters) = (parameters(old_operation), parameters(new_operation));
    for (name, old_parameter) in &old_parameters {
        let place = format!("{route}, parameter `{name}`");
        let Some(new_parameter) = new_parameters.get(name) else {
            changes.breaking(place, "removed");
            continue;
        };
        match (is_required(old_parameter), is_required(new_parameter)) {
            (false, true) => changes.breaking(&place, "is now required"),
            (true, false) => changes.harmless(&place, "is no longer required"),
            _ => {}
        }
        let comparison = Comparison { old, new, direction: Direction::Request };
        comparison.schemas(changes, &place, &old_parameter["schema"], &new_parameter["schema"]);
    }
    for (name, parameter) in new_parameters.iter().filter(|(name, _)| !old_parameters.contains_key(*name)) {
        let place = format!("{route}, parameter `{name}`");
        if is_required(parameter) {
            changes.breaking(place, "added, and required");
        } else {
            changes.harmless(place, "added");
        }
    }
    let comparison = Comparison { old, new, direction: Direction::Request };
    let place = format!("{route}, body");
    match (json_schema(&old_operation["requestBody"]), json_schema(&new_operation["requestBody"])) {
        (Some(old_body), Some(new_body)) => comparison.schemas(changes, &place, old_body, new_body),
        (None, Some(_)) => changes.breaking(place, "is now required"),
        (Some(_), None) => changes.breaking(place, "removed"),
        (None, None) => {}
    }
    compare_responses(changes, route, (old, &old_operation["responses"]), (new, &new_operation["responses"]));
}

fn compare_access(changes: &mut Changes, route: &str, old: &Value, new: &Value) {
    match (is_public(old), is_public(new)) {
        (true, false) => return changes.breaking(route, "now requires a token"),
        (false, true) => return changes.opening(route, "no longer requires a token"),
        _ => {}
    }
    let role =
        |operation: &Value| DatasetRole::from_name(operation["x-required-role"].as_str().unwrap_or_default());
    let (old, new) = (role(old), role(new));
    let what = format!("requires the role {new}, was {old}");
    match new.cmp(&old) {
        Ordering::Greater => changes.breaking(route, what),
        Ordering::Less => changes.opening(route, what),
        Ordering::Equal => {}
    }
}

fn is_public(operation: &Value) -> bool {
    // An empty requirement makes the others optional.
    let is_empty = |requirement: &Value| requirement.as_object().is_some_and(Map::is_empty);
    let requirements = operation["security"].as_array();
    requirements.is_none_or(|requirements| requirements.is_empty() || requirements.iter().any(is_empty))
}

fn compare_responses(
    changes: &mut Changes,
    route: &str,
    (old, old_responses): (&Value, &Value),
    (new, new_responses): (&Value, &Value),
) {
    let statuses = |responses: &Value| -> BTreeSet<String> {
        responses.as_object().map(|responses| responses.keys().cloned().collect()).unwrap_or_default()
    };
    let (old_statuses, new_statuses) = (statuses(old_responses), statuses(new_responses));
    for status in &old_statuses {
        let place = format!("{route}, response {status}");
        if !new_statuses.contains(status) {
            // A removed error response harms no client.
            if is_error(status) {
                changes.harmless(place, "removed");
            } else {
                changes.breaking(place, "removed");
            }
            continue;
        }
        let old_response = resolve(old, &old_responses[status.as_str()]);
        let new_response = resolve(new, &new_responses[status.as_str()]);
        let comparison = Comparison { old, new, direction: Direction::Response };
        match (json_schema(old_response), json_schema(new_response)) {
            (Some(old_body), Some(new_body)) => comparison.schemas(changes, &place, old_body, new_body),
            (Some(_), None) => changes.breaking(&place, "body removed"),
            (None, Some(_)) => changes.harmless(&place, "body added"),
            (None, None) => {}
        }
        let headers = |response: &Value| -> BTreeSet<String> {
            let headers = response["headers"].as_object();
            headers
                .map(|headers| headers.keys().map(|name| name.to_lowercase()).collect())
                .unwrap_or_default()
        };
        let (old_headers, new_headers) = (headers(old_response), headers(new_response));
        for name in old_headers.difference(&new_headers) {
            changes.breaking(&place, format!("header `{name}` removed"));
        }
        for name in new_headers.difference(&old_headers) {
            changes.harmless(&place, format!("header `{name}` added"));
        }
    }
    for status in new_statuses.difference(&old_statuses) {
        changes.harmless(format!("{route}, response {status}"), "added");
    }
}

fn is_error(status: &str) -> bool {
    status.starts_with(['4', '5'])
}

fn parameters(operation: &Value) -> BTreeMap<&str, &Value> {
    let parameters = operation["parameters"].as_array().into_iter().flatten();
    parameters.filter_map(|parameter| Some((parameter["name"].as_str()?, parameter))).collect()
}

fn is_required(parameter: &Value) -> bool {
    parameter["required"] == true
}

fn json_schema(body: &Value) -> Option<&Value> {
    body.pointer("/content/application~1json/schema")
}

#[cfg(test)]
mod tests;
