//! A template with resolved functions.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::request::ParameterValue;
use crate::resolve::{Resolver, Surroundings};

/// A template with resolved functions.
pub(crate) struct Template<'a> {
    /// The resources without a false condition, by their logical ids.
    pub(crate) resources: BTreeMap<&'a str, Resource<'a>>,
}

/// A resource with resolved properties.
pub(crate) struct Resource<'a> {
    pub(crate) type_name: &'a str,
    pub(crate) properties: Value,
    /// The properties as the template has them, with all functions.
    pub(crate) unresolved: Option<&'a Value>,
    deletion_policy: Option<&'a str>,
}

impl<'a> Template<'a> {
    /// Resolves the resources of a template.
    pub(crate) fn new(
        json: &'a Value,
        parameters: &BTreeMap<String, ParameterValue>,
        surroundings: Surroundings<'_>,
    ) -> Self {
        let resolver = Resolver::new(json, parameters, surroundings);
        let resources = json["Resources"]
            .as_object()
            .into_iter()
            .flatten()
            .filter(|(_, entry)| {
                let condition = entry["Condition"].as_str().and_then(|name| resolver.condition(name));
                condition != Some(false)
            })
            .filter_map(|(id, entry)| {
                let properties = entry.get("Properties").and_then(|properties| resolver.resolve(properties));
                let resource = Resource {
                    type_name: entry["Type"].as_str()?,
                    properties: properties.unwrap_or_else(|| Value::Object(serde_json::Map::new())),
                    unresolved: entry.get("Properties"),
                    deletion_policy: entry["DeletionPolicy"].as_str(),
                };
                Some((id.as_str(), resource))
            })
            .collect();
        Self { resources }
    }

    /// Returns the resources of a type with their logical ids.
    pub(crate) fn of_type(&self, resource_type: &str) -> impl Iterator<Item = (&'a str, &Resource<'a>)> {
        self.resources
            .iter()
            .filter(move |(_, resource)| resource.type_name == resource_type)
            .map(|(id, resource)| (*id, resource))
    }
}

impl Resource<'_> {
    /// Whether the resource stays when it is removed from its stack.
    pub(crate) fn is_retained(&self) -> bool {
        matches!(self.deletion_policy, Some("Retain" | "RetainExceptOnCreate"))
    }
}
