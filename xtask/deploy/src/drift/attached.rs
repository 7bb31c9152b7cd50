//! Finds what was added to the stack's resources, or removed from them, without CloudFormation.
//!
//! Drift detection compares the resources of a stack, so it misses what was added beside them: a route of the API, a
//! mapping of the API, a permission to invoke a function. The routes that the API has from its OpenAPI document are no
//! resources of the stack either, and are not compared. All of these can be listed by the resource that they belong to.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use aws_sdk_cloudformation::types::StackResourceSummary;
use serde::Serialize;
use serde_json::{Value, json};

use crate::cloud_control::{self, ListedResource, MAPPING};
use crate::connection::Connection;
use crate::deployed_stack::Deployed;
use crate::live_resources::UncheckedResource;
use crate::stack_resources;

const API: &str = "AWS::ApiGatewayV2::Api";
const FILTER: &str = "AWS::Logs::SubscriptionFilter";
const FUNCTION: &str = "AWS::Lambda::Function";
const LOG_GROUP: &str = "AWS::Logs::LogGroup";
const PERMISSION: &str = "AWS::Lambda::Permission";
const ROUTE: &str = "AWS::ApiGatewayV2::Route";

/// The members of a path item that are operations:
/// <https://spec.openapis.org/oas/v3.0.3.html#path-item-object>.
const METHODS: &[&str] = &["delete", "get", "head", "options", "patch", "post", "put"];

/// Something that belongs to a resource of the stack, and is not as deployed.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Attached {
    /// The type, such as `AWS::ApiGatewayV2::Route`.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// What it belongs to: the logical ID of a resource, or the domain of a mapping.
    pub parent: String,
    /// Its name, such as `GET /restore`.
    pub name: String,
    /// What happened to it.
    pub change: AttachedChange,
}

/// What happened outside CloudFormation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum AttachedChange {
    /// It was added.
    Added,
    /// It was deleted.
    Deleted,
    /// A route no longer requires authorization.
    Unprotected,
}

impl fmt::Display for AttachedChange {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Added => "ADDED",
            Self::Deleted => "DELETED",
            Self::Unprotected => "UNPROTECTED",
        })
    }
}

impl fmt::Display for Attached {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, parent, name, change } = self;
        write!(formatter, "{name}  {kind} of {parent}  {change}")
    }
}

/// The resources of one type that belong to one resource of the stack.
struct Scope {
    kind: &'static str,
    /// What they belong to, for people.
    parent: String,
    /// What they belong to, for Cloud Control.
    model: Value,
    expected: Expected,
}

/// What was deployed.
enum Expected {
    /// The keys of routes, and whether they require authorization.
    Routes(BTreeMap<String, bool>),
    /// The mappings of a domain to this API, by physical ID, and all mappings of the domain are listed.
    Mappings { api: String, own: BTreeSet<String> },
    /// Permissions, by physical ID.
    Permissions(BTreeSet<String>),
    /// Subscription filters, by physical ID.
    Filters(BTreeSet<String>),
}

/// Compares what belongs to the stack's resources with what was deployed.
///
/// Requires only read permissions. A failure is reported in the result and is not an error.
pub(super) async fn find(
    connection: &Connection,
    resources: &[StackResourceSummary],
    deployed: &Deployed,
) -> (Vec<Attached>, Vec<UncheckedResource>) {
    let client = connection.cloud_control();
    let (mut attached, mut unchecked) = (Vec::new(), Vec::new());
    let scopes = scopes(resources, deployed.template.as_value(), &deployed.stack.parameters);
    let lists = scopes.iter().map(|scope| {
        cloud_control::list(&client, scope.kind, &scope.model, scope.expected.needed_property())
    });
    for (scope, listed) in scopes.iter().zip(futures_util::future::join_all(lists).await) {
        match listed {
            Ok(listed) => attached.extend(scope.compare(&listed)),
            Err(error) => unchecked
                .push(UncheckedResource { resource: scope.parent.clone(), reason: format!("{error:#}") }),
        }
    }
    (attached, unchecked)
}

/// Returns what has to be listed.
fn scopes(
    resources: &[StackResourceSummary],
    template: &Value,
    parameters: &BTreeMap<String, String>,
) -> Vec<Scope> {
    let of_type = |kind: &'static str| {
        let is_of_type = move |it: &&StackResourceSummary| it.resource_type() == Some(kind);
        let ids = |it: &StackResourceSummary| {
            Some((it.logical_resource_id.clone()?, it.physical_resource_id.clone()?))
        };
        resources.iter().filter(is_of_type).filter_map(ids)
    };
    let physical_ids = stack_resources::physical_ids(resources);
    // The value of a property that is a text or a reference.
    let resolve = |logical_id: &str, property: &str| -> Option<String> {
        let value = &template["Resources"][logical_id]["Properties"][property];
        let id = match value.as_str() {
            Some(text) => return Some(text.to_owned()),
            None => value["Ref"].as_str()?,
        };
        physical_ids.get(id).map(|id| (*id).to_owned()).or_else(|| parameters.get(id).cloned())
    };
    // The physical IDs of the resources that belong to a resource.
    let own = |kind: &'static str, property: &str, parent: &str| -> BTreeSet<String> {
        let belongs =
            |(logical_id, _): &(String, String)| resolve(logical_id, property).is_some_and(|it| it == parent);
        of_type(kind).filter(belongs).map(|(_, physical_id)| physical_id).collect()
    };
    let mut scopes = Vec::new();
    for (parent, api) in of_type(API) {
        let routes = routes(&template["Resources"][&parent]["Properties"]["Body"]);
        let model = json!({ "ApiId": api });
        scopes.push(Scope { kind: ROUTE, parent, model, expected: Expected::Routes(routes) });
    }
    for (mapping, _) in of_type(MAPPING) {
        let (Some(domain), Some(api)) = (resolve(&mapping, "DomainName"), resolve(&mapping, "ApiId")) else {
            continue;
        };
        let expected = Expected::Mappings { api, own: own(MAPPING, "DomainName", &domain) };
        let model = json!({ "DomainName": domain });
        scopes.push(Scope { kind: MAPPING, parent: domain, model, expected });
    }
    for (parent, function) in of_type(FUNCTION) {
        let expected = Expected::Permissions(own(PERMISSION, "FunctionName", &function));
        let model = json!({ "FunctionName": function });
        scopes.push(Scope { kind: PERMISSION, parent, model, expected });
    }
    for (parent, group) in of_type(LOG_GROUP) {
        let own = own(FILTER, "LogGroupName", &group);
        if !own.is_empty() {
            let (model, expected) = (json!({ "LogGroupName": group }), Expected::Filters(own));
            scopes.push(Scope { kind: FILTER, parent, model, expected });
        }
    }
    scopes
}

/// Returns the routes that API Gateway creates from an OpenAPI document, and whether they require authorization.
fn routes(body: &Value) -> BTreeMap<String, bool> {
    let mut routes = BTreeMap::new();
    for (path, operations) in body["paths"].as_object().into_iter().flatten() {
        let operations = operations.as_object().into_iter().flatten();
        for (method, operation) in operations.filter(|(method, _)| METHODS.contains(&method.as_str())) {
            let security = operation.get("security").unwrap_or(&body["security"]);
            let is_protected = security.as_array().is_some_and(|schemes| !schemes.is_empty());
            routes.insert(format!("{} {path}", method.to_uppercase()), is_protected);
        }
    }
    routes
}

impl Expected {
    /// A property that tells all that is compared, besides the identifier.
    fn needed_property(&self) -> &'static str {
        match self {
            Self::Routes(_) => "RouteKey",
            Self::Mappings { .. } => "ApiId",
            Self::Permissions(_) => "Principal",
            Self::Filters(_) => "FilterName",
        }
    }
}

impl Scope {
    fn compare(&self, listed: &[ListedResource]) -> Vec<Attached> {
        let attached = |name: String, change| {
            let (kind, parent) = (self.kind, self.parent.clone());
            Attached { kind, parent, name, change }
        };
        let text =
            |it: &ListedResource, name: &str| it.properties[name].as_str().unwrap_or_default().to_owned();
        // For some types, the physical ID is one part of the identifier, and for others the whole.
        let is = |it: &ListedResource, physical_id: &str| {
            it.identifier == physical_id || it.identifier.split('|').any(|part| part == physical_id)
        };
        let is_own = |it: &ListedResource, own: &BTreeSet<String>| own.iter().any(|id| is(it, id));
        let deleted = |own: &BTreeSet<String>| -> Vec<Attached> {
            let is_deleted = |id: &&String| !listed.iter().any(|it| is(it, id));
            let own = own.iter().filter(is_deleted).cloned();
            own.map(|id| attached(id, AttachedChange::Deleted)).collect()
        };
        match &self.expected {
            Expected::Routes(routes) => compare_routes(routes, listed)
                .into_iter()
                .map(|(name, change)| attached(name, change))
                .collect(),
            Expected::Mappings { api, own } => {
                let added = listed.iter().filter(|it| it.properties["ApiId"] == **api && !is_own(it, own));
                let added = added.map(|it| {
                    let name = format!("{}/{}", self.parent, text(it, "ApiMappingKey"));
                    attached(name, AttachedChange::Added)
                });
                added.chain(deleted(own)).collect()
            }
            Expected::Permissions(own) => {
                let added = listed.iter().filter(|it| !is_own(it, own)).map(|it| {
                    let statement = it.identifier.rsplit('|').next().unwrap_or_default();
                    let name = format!("{statement} for {}", text(it, "Principal"));
                    attached(name, AttachedChange::Added)
                });
                added.chain(deleted(own)).collect()
            }
            // Many organizations subscribe all log groups of their accounts, so additional filters are no drift.
            Expected::Filters(own) => deleted(own),
        }
    }
}

fn compare_routes(
    expected: &BTreeMap<String, bool>,
    listed: &[ListedResource],
) -> Vec<(String, AttachedChange)> {
    let mut missing: BTreeSet<&str> = expected.keys().map(String::as_str).collect();
    let mut changes = Vec::new();
    for route in listed {
        let key = route.properties["RouteKey"].as_str().unwrap_or_default();
        missing.remove(key);
        let is_open = matches!(route.properties["AuthorizationType"].as_str(), None | Some("NONE"));
        match expected.get(key) {
            None => changes.push((key.to_owned(), AttachedChange::Added)),
            Some(true) if is_open => changes.push((key.to_owned(), AttachedChange::Unprotected)),
            Some(_) => {}
        }
    }
    let missing = missing.into_iter().map(|key| (key.to_owned(), AttachedChange::Deleted));
    changes.extend(missing);
    changes
}

#[cfg(test)]
mod tests;
