//! What CloudFormation does to resources on behalf of its caller.
//!
//! The schema of each resource type lists the actions that its handlers need:
//! <https://docs.aws.amazon.com/cloudformation-cli/latest/userguide/resource-type-schema.html>. A handler takes only
//! the actions that the properties of the resource need. An action for a property that is not set is not needed
//! (`optional`).

mod optional;
mod resource;

#[cfg(test)]
mod tests;

use std::borrow::Cow;

use cloudformation_rules::{Handler, ProviderSchemas, SchemaError};
use serde::Deserialize;
use serde_json::Value as Json;

use crate::access::Access;

/// A change of a resource that CloudFormation is about to make, as the emulator's shim describes it.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct ResourceChange {
    /// The name of the stack.
    pub(crate) stack: String,
    pub(crate) logical_id: String,
    #[serde(rename = "type")]
    pub(crate) resource_type: String,
    pub(crate) operation: Operation,
    /// The properties, with the values of their references.
    #[serde(default)]
    pub(crate) properties: Json,
    /// The properties before an update.
    #[serde(default)]
    pub(crate) previous: Json,
    /// The physical ID; missing for a new resource.
    pub(crate) identifier: Option<String>,
    pub(crate) region: String,
}

/// What is done to a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Operation {
    Create,
    Read,
    Update,
    Delete,
}

impl From<Operation> for Handler {
    fn from(operation: Operation) -> Self {
        match operation {
            Operation::Create => Self::Create,
            Operation::Read => Self::Read,
            Operation::Update => Self::Update,
            Operation::Delete => Self::Delete,
        }
    }
}

/// Types with an identifier in Cloud Control that begins with that of a parent, and the property that names the parent.
const CHILDREN: [(&str, &str); 4] = [
    ("AWS::ApiGatewayV2::ApiMapping", "DomainName"),
    ("AWS::ApiGatewayV2::Route", "ApiId"),
    ("AWS::ApiGatewayV2::Stage", "ApiId"),
    ("AWS::Lambda::Permission", "FunctionName"),
];

impl ResourceChange {
    /// Returns what a request to Cloud Control does to a resource.
    pub(crate) fn controlled(parameters: &Json, operation: Operation, region: &str) -> Self {
        let text = |name: &str| parameters[name].as_str().unwrap_or_default();
        let (resource_type, identifier) = (text("TypeName"), text("Identifier"));
        // A list has the properties that its resources share.
        let mut properties: Json = serde_json::from_str(text("ResourceModel")).unwrap_or_default();
        let mut own = identifier;
        if let Some((_, property)) = CHILDREN.iter().find(|(child, _)| *child == resource_type)
            && let Some((parent, rest)) = identifier.split_once('|')
        {
            properties[*property] = parent.into();
            own = rest;
        }
        Self {
            stack: String::new(),
            logical_id: String::new(),
            resource_type: resource_type.to_owned(),
            operation,
            properties,
            previous: Json::Null,
            identifier: Some(own.to_owned()).filter(|own| !own.is_empty()),
            region: region.to_owned(),
        }
    }

    /// Returns the permissions that the caller needs.
    pub(crate) fn required(&self, schemas: &ProviderSchemas) -> Result<Vec<Access>, SchemaError> {
        let mut change = Cow::Borrowed(self);
        // A replacement creates another resource, and deletes this one later.
        if self.operation == Operation::Update
            && !self.previous.is_null()
            && schemas.is_replaced(&self.resource_type, &self.previous, &self.properties)?
        {
            change = Cow::Owned(Self { operation: Operation::Create, identifier: None, ..self.clone() });
        }
        let handler = change.operation.into();
        let actions = schemas.handler_permissions(&self.resource_type, handler)?.unwrap_or_default();
        let needed = actions.iter().filter(|action| !optional::is_unused(&change, action));
        Ok(needed.flat_map(|action| resource::accesses(&change, action)).collect())
    }

    fn property(&self, name: &str) -> Option<&str> {
        self.properties[name].as_str()
    }
}
