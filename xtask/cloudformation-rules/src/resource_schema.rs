//! The resource provider schema of one type.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

/// An operation of a resource provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Handler {
    /// Creates a resource.
    Create,
    /// Reads a resource.
    Read,
    /// Updates a resource in place.
    Update,
    /// Deletes a resource.
    Delete,
}

/// The resource provider schema of one type:
/// <https://docs.aws.amazon.com/cloudformation-cli/latest/userguide/resource-type-schema.html>.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ResourceSchema {
    #[serde(default)]
    handlers: Handlers,
    #[serde(default)]
    read_only_properties: Vec<String>,
    #[serde(default)]
    create_only_properties: Vec<String>,
    #[serde(default)]
    primary_identifier: Vec<String>,
    /// The whole schema.
    #[serde(skip)]
    json: Value,
}

#[derive(Debug, Default, Deserialize)]
struct Handlers {
    create: Option<HandlerSchema>,
    read: Option<HandlerSchema>,
    update: Option<HandlerSchema>,
    delete: Option<HandlerSchema>,
}

#[derive(Debug, Deserialize)]
struct HandlerSchema {
    #[serde(default)]
    permissions: Vec<String>,
}

impl ResourceSchema {
    /// Reads a schema.
    pub(crate) fn from_json(json: Value) -> Result<Self, serde_json::Error> {
        let schema = Self::deserialize(&json)?;
        Ok(Self { json, ..schema })
    }

    /// Returns the IAM actions that a handler needs.
    pub(crate) fn permissions(&self, handler: Handler) -> Option<&[String]> {
        let schema = match handler {
            Handler::Create => &self.handlers.create,
            Handler::Read => &self.handlers.read,
            Handler::Update => &self.handlers.update,
            Handler::Delete => &self.handlers.delete,
        };
        schema.as_ref().map(|schema| schema.permissions.as_slice())
    }

    /// Returns the whole schema, which is also the schema of the properties.
    pub(crate) fn json(&self) -> &Value {
        &self.json
    }

    /// Returns the paths of the properties that only AWS sets.
    pub(crate) fn read_only(&self) -> impl Iterator<Item = PropertyPath<'_>> {
        self.read_only_properties.iter().filter_map(|pointer| PropertyPath::parse(pointer))
    }

    /// Returns the paths of the create-only properties: a change of one replaces the resource.
    pub(crate) fn create_only(&self) -> impl Iterator<Item = PropertyPath<'_>> {
        self.create_only_properties.iter().filter_map(|pointer| PropertyPath::parse(pointer))
    }

    /// Whether a property alone, given as a JSON pointer inside the properties, identifies a resource.
    pub(crate) fn is_identified_by(&self, pointer: &str) -> bool {
        matches!(self.primary_identifier.as_slice(), [only] if only.strip_prefix("/properties") == Some(pointer))
    }

    /// Whether a property exists at the top level.
    pub(crate) fn has_property(&self, name: &str) -> bool {
        self.json["properties"].get(name).is_some()
    }
}

/// The path of a property, such as `/properties/Rules/*/Name`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PropertyPath<'a> {
    segments: Vec<&'a str>,
}

impl<'a> PropertyPath<'a> {
    fn parse(pointer: &'a str) -> Option<Self> {
        let mut segments = pointer.strip_prefix("/properties/")?.split('/').peekable();
        segments.peek()?;
        // Some schemas repeat the keyword for nested properties.
        Some(Self { segments: segments.filter(|segment| *segment != "properties").collect() })
    }

    /// Returns the name by which `Fn::GetAtt` refers to the property.
    pub(crate) fn attribute(&self) -> String {
        self.segments.join(".")
    }

    /// Returns each value at this path, by its JSON pointer inside the properties.
    pub(crate) fn values<'b>(&self, properties: &'b Value) -> BTreeMap<String, &'b Value> {
        let mut values = BTreeMap::from([(String::new(), properties)]);
        for segment in &self.segments {
            values = values
                .into_iter()
                .flat_map(|(pointer, value)| {
                    let children: Vec<(String, &Value)> = match value {
                        Value::Array(items) if *segment == "*" => items
                            .iter()
                            .enumerate()
                            .map(|(index, item)| (format!("{pointer}/{index}"), item))
                            .collect(),
                        _ => value
                            .get(segment)
                            .map(|child| (format!("{pointer}/{segment}"), child))
                            .into_iter()
                            .collect(),
                    };
                    children
                })
                .collect();
        }
        values
    }
}
