//! Templates.

use std::collections::BTreeMap;

use serde::Serialize;

use super::logical_id::LogicalId;
use super::resource::{Handle, Resource, Retention};
use super::value::{Value, to_json};

/// A CloudFormation template.
///
/// Everything in it is ordered, so the same inputs give the same bytes.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Template {
    #[serde(rename = "AWSTemplateFormatVersion")]
    format_version: &'static str,
    description: String,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    metadata: BTreeMap<&'static str, BTreeMap<LogicalId, &'static str>>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    parameters: BTreeMap<LogicalId, Parameter>,
    pub(super) resources: BTreeMap<LogicalId, Entry>,
    outputs: BTreeMap<&'static str, Output>,
    /// Ids that were used twice; [`Template::validate`] reports them.
    #[serde(skip)]
    pub(super) duplicates: Vec<LogicalId>,
}

/// A resource with its attributes.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Entry {
    #[serde(rename = "Type")]
    pub(super) type_name: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) depends_on: Vec<LogicalId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) deletion_policy: Option<DeletionPolicy>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) update_replace_policy: Option<UpdateReplacePolicy>,
    pub(super) properties: serde_json::Value,
}

/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-deletionpolicy.html>
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(super) enum DeletionPolicy {
    Delete,
    RetainExceptOnCreate,
}

/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-updatereplacepolicy.html>
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(super) enum UpdateReplacePolicy {
    Retain,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Parameter {
    #[serde(rename = "Type")]
    pub(crate) kind: ParameterType,
    pub(crate) description: &'static str,
    /// The path in the Parameter Store.
    #[serde(rename = "Default")]
    pub(crate) path: String,
}

/// What a parameter of the Systems Manager Parameter Store contains.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) enum ParameterType {
    #[serde(rename = "AWS::SSM::Parameter::Value<String>")]
    Text,
    #[serde(rename = "AWS::SSM::Parameter::Value<List<AWS::EC2::Subnet::Id>>")]
    SubnetIds,
    #[serde(rename = "AWS::SSM::Parameter::Value<List<AWS::EC2::SecurityGroup::Id>>")]
    SecurityGroupIds,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Output {
    description: &'static str,
    value: Value<String>,
}

impl Template {
    pub(crate) fn new(description: String) -> Self {
        Self {
            format_version: "2010-09-09",
            description,
            metadata: BTreeMap::new(),
            parameters: BTreeMap::new(),
            resources: BTreeMap::new(),
            outputs: BTreeMap::new(),
            duplicates: Vec::new(),
        }
    }

    /// Adds a resource; the handle refers to it.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "a resource is constructed where it is added, and nowhere else"
    )]
    pub(crate) fn add<R: Resource>(&mut self, id: impl Into<LogicalId>, resource: R) -> Handle<R> {
        let id = id.into();
        let (deletion_policy, update_replace_policy) = match R::TYPE.retention {
            Retention::None => (None, None),
            Retention::WhenReplaced => (Some(DeletionPolicy::Delete), Some(UpdateReplacePolicy::Retain)),
            Retention::Always => {
                (Some(DeletionPolicy::RetainExceptOnCreate), Some(UpdateReplacePolicy::Retain))
            }
        };
        let entry = Entry {
            type_name: R::TYPE.name,
            depends_on: Vec::new(),
            deletion_policy,
            update_replace_policy,
            properties: to_json(&resource),
        };
        if self.resources.insert(id.clone(), entry).is_some() {
            self.duplicates.push(id.clone());
        }
        Handle::new(id)
    }

    /// Makes the first resource wait for the second, where none of its properties refers to the second.
    pub(crate) fn depend<R, D>(&mut self, dependent: &Handle<R>, dependency: &Handle<D>) {
        if let Some(entry) = self.resources.get_mut(dependent.id()) {
            entry.depends_on.push(dependency.id().clone());
        }
    }

    /// Adds a parameter that CloudFormation reads from the Parameter Store at each deployment, and returns its value.
    ///
    /// The same parameter may be added again.
    pub(crate) fn add_parameter<T>(&mut self, id: impl Into<LogicalId>, parameter: &Parameter) -> Value<T> {
        let id = id.into();
        let value = Value::Reference(id.to_string());
        if *self.parameters.entry(id.clone()).or_insert_with(|| parameter.clone()) != *parameter {
            self.duplicates.push(id);
        }
        value
    }

    /// Adds to a section of what CloudFormation keeps with a template and does not read.
    pub(crate) fn add_metadata(
        &mut self,
        section: &'static str,
        id: impl Into<LogicalId>,
        text: &'static str,
    ) {
        self.metadata.entry(section).or_default().insert(id.into(), text);
    }

    pub(crate) fn add_output(&mut self, name: &'static str, description: &'static str, value: Value<String>) {
        self.outputs.insert(name, Output { description, value });
    }

    /// Returns the template as JSON text, indented, with a line break at its end.
    pub fn to_json(&self) -> String {
        format!("{:#}\n", to_json(self))
    }

    /// Returns the template as a JSON document.
    pub fn to_value(&self) -> serde_json::Value {
        to_json(self)
    }
}
