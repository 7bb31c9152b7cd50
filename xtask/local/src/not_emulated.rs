//! Lists what is deployed and has no effect in the local stack.
//!
//! The list is made from the template that is deployed, not from the code that renders it, and it is complete: a setting
//! that the rules do not name is listed as unknown, so a new property of the template cannot be ignored silently.
//! What the gateway, the function pool and the CDN reject because they cannot serve it is not listed.

mod rules;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde_json::{Map, Value};

use rules::{Effect, UNKNOWN_SETTING, effect};

/// A deployed kind of resource, or a setting of it, that has no effect in the local stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotEmulated {
    /// The resource type without `AWS::`, with the setting, if not the whole resource has no effect.
    pub what: String,
    /// How many resources of the stack it concerns.
    pub resources: usize,
    /// What happens locally instead.
    pub why: &'static str,
}

impl fmt::Display for NotEmulated {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { what, resources, why } = self;
        match resources {
            1 => write!(formatter, "{what}: {why}"),
            _ => write!(formatter, "{what} ({resources} resources): {why}"),
        }
    }
}

/// Returns what a deployed template contains without effect, one entry for each kind of resource or setting.
///
/// The template is what `GetTemplate` of CloudFormation returns. Both branches of a condition count as deployed.
pub fn not_emulated(template: &Value) -> Vec<NotEmulated> {
    let mut found: BTreeMap<(String, &'static str), usize> = BTreeMap::new();
    for resource in template["Resources"].as_object().into_iter().flat_map(Map::values) {
        let kind = resource["Type"].as_str().unwrap_or_default();
        let kind = kind.strip_prefix("AWS::").unwrap_or(kind);
        for entry in without_effect(kind, &resource["Properties"]) {
            *found.entry(entry).or_default() += 1;
        }
    }
    let entry = |((what, why), resources)| NotEmulated { what, resources, why };
    found.into_iter().map(entry).collect()
}

/// Returns what has no effect in one resource, each with the reason.
fn without_effect(kind: &str, properties: &Value) -> BTreeSet<(String, &'static str)> {
    let mut settings = BTreeSet::new();
    collect_settings(&mut Vec::new(), properties, &mut settings);
    // A resource without properties is still a resource.
    settings.insert(String::new());
    settings
        .iter()
        .filter_map(|setting| match effect(kind, setting) {
            Effect::Emulated => None,
            Effect::None { setting: "", why } => Some((kind.to_owned(), why)),
            Effect::None { setting, why } => Some((format!("{kind} {setting}"), why)),
            Effect::Unknown => Some((format!("{kind} {setting}"), UNKNOWN_SETTING)),
        })
        .collect()
}

/// Collects the paths of all settings, such as `DistributionConfig.PriceClass`, without the positions in lists.
///
/// A setting that is `false` is switched off, so nothing has to be emulated.
fn collect_settings<'a>(path: &mut Vec<&'a str>, value: &'a Value, settings: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) if is_function(members) => {
            settings.insert(path.join("."));
        }
        Value::Object(members) => {
            for (name, member) in members {
                path.push(name);
                collect_settings(path, member, settings);
                path.pop();
            }
        }
        Value::Array(items) if items.iter().any(Value::is_object) => {
            for item in items {
                collect_settings(path, item, settings);
            }
        }
        Value::Null | Value::Bool(false) => {}
        Value::Array(_) | Value::Bool(true) | Value::Number(_) | Value::String(_) => {
            settings.insert(path.join("."));
        }
    }
}

/// Returns whether an object is an intrinsic function of CloudFormation, which stands for a value.
fn is_function(members: &Map<String, Value>) -> bool {
    members.keys().any(|name| name == "Ref" || name.starts_with("Fn::"))
}

#[cfg(test)]
mod tests;
