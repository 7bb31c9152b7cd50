//! Templates.

use std::collections::BTreeMap;

use serde::Serialize;

use super::logical_id::LogicalId;
use super::resource::{Handle, Resource, Retention};
use super::value::{Value, to_json};
use crate::environment::FactKind;
use crate::output::OutputName;

/// A CloudFormation template.
///
/// Everything in it is ordered, so that the same inputs give the same bytes.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Template {
    #[serde(rename = "AWSTemplateFormatVersion")]
    format_version: &'static str,
    description: String,
    #[serde(skip_serializing_if = "Metadata::is_empty")]
    metadata: Metadata,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    parameters: BTreeMap<LogicalId, Parameter>,
    pub(super) resources: BTreeMap<LogicalId, Entry>,
    outputs: BTreeMap<OutputName, Output>,
    /// Ids that were given twice; [`Template::validate`] reports them.
    #[serde(skip)]
    pub(super) duplicates: Vec<LogicalId>,
}

/// What CloudFormation keeps with a template, and takes no notice of.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Metadata {
    /// What the parameters may hold.
    platform_facts: BTreeMap<LogicalId, FactKind>,
}

impl Metadata {
    fn is_empty(&self) -> bool {
        self.platform_facts.is_empty()
    }
}

/// A resource with what CloudFormation itself is told of it.
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

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Parameter {
    #[serde(rename = "Type")]
    kind: ParameterType,
    description: &'static str,
    default: String,
}

/// What a parameter of the Systems Manager Parameter Store holds.
#[derive(Clone, Copy, Debug, Serialize)]
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
            metadata: Metadata::default(),
            parameters: BTreeMap::new(),
            resources: BTreeMap::new(),
            outputs: BTreeMap::new(),
            duplicates: Vec::new(),
        }
    }

    /// Adds a resource; the handle refers to it.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "a resource is written where it is added, and nowhere else"
    )]
    pub(crate) fn add<R: Resource>(&mut self, id: impl Into<LogicalId>, resource: R) -> Handle<R> {
        let id = id.into();
        let (deletion_policy, update_replace_policy) = match R::RETENTION {
            Retention::None => (None, None),
            Retention::WhenReplaced => (Some(DeletionPolicy::Delete), Some(UpdateReplacePolicy::Retain)),
            Retention::Always => {
                (Some(DeletionPolicy::RetainExceptOnCreate), Some(UpdateReplacePolicy::Retain))
            }
        };
        let entry = Entry {
            type_name: R::TYPE,
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

    /// Lets the first resource wait for the second, where no property of it refers to the second.
    pub(crate) fn depend<R, D>(&mut self, dependent: &Handle<R>, dependency: &Handle<D>) {
        if let Some(entry) = self.resources.get_mut(dependent.id()) {
            entry.depends_on.push(dependency.id().clone());
        }
    }

    /// Adds a parameter that CloudFormation reads from the Parameter Store at each deployment.
    pub(crate) fn add_parameter<T>(
        &mut self,
        id: impl Into<LogicalId>,
        kind: ParameterType,
        fact: FactKind,
        description: &'static str,
        path: String,
    ) -> Value<T> {
        let id = id.into();
        self.metadata.platform_facts.insert(id.clone(), fact);
        let value = Value::Reference(id.to_string());
        let parameter = Parameter { kind, description, default: path };
        if self.parameters.insert(id.clone(), parameter).is_some() {
            self.duplicates.push(id);
        }
        value
    }

    pub(crate) fn add_output(&mut self, name: OutputName, value: Value<String>) {
        self.outputs.insert(name, Output { description: name.description(), value });
    }

    /// The template as JSON text, indented, ending with a line break; the same bytes for the same inputs.
    pub fn to_json(&self) -> String {
        format!("{:#}\n", to_json(self))
    }

    /// The template as a JSON document.
    pub fn to_value(&self) -> serde_json::Value {
        to_json(self)
    }

    /// What the functions' roles may do and who may take them, as JSON text: see [`super::iam_policies`].
    pub fn iam_policies_json(&self) -> String {
        format!("{:#}\n", super::iam_policies(&to_json(self)))
    }
}
