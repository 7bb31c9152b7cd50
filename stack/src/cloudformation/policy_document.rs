//! Policy documents.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::cloudformation::property::leaves;
use crate::cloudformation::value::Value;

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct PolicyDocument {
    version: &'static str,
    statement: Vec<Statement>,
}

leaves!(PolicyDocument);

impl PolicyDocument {
    pub(crate) fn new(statement: Vec<Statement>) -> Self {
        Self { version: "2012-10-17", statement }
    }
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Statement {
    pub sid: String,
    pub effect: Effect,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub principal: Option<Principal>,
    pub action: Vec<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub resource: Vec<Value<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub condition: Option<Condition>,
}

impl Statement {
    /// A statement of a role: these actions on these resources.
    pub(crate) fn allow(
        sid: impl Into<String>,
        action: Vec<&'static str>,
        resource: Vec<Value<String>>,
    ) -> Self {
        Self { sid: sid.into(), effect: Effect::Allow, principal: None, action, resource, condition: None }
    }
}

#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) enum Effect {
    Allow,
    Deny,
}

/// Whom a resource's policy or a role's trust policy names.
#[derive(Clone, Debug, Serialize)]
pub(crate) enum Principal {
    /// An AWS service, such as `lambda.amazonaws.com`.
    Service(&'static str),
    /// `*`: everyone, to deny an action.
    #[serde(rename = "AWS")]
    Account(&'static str),
}

/// Condition operator, condition key, value.
#[derive(Clone, Debug, Serialize)]
#[serde(transparent)]
pub(crate) struct Condition(BTreeMap<&'static str, BTreeMap<&'static str, Value<String>>>);

impl Condition {
    pub(crate) fn new(operator: &'static str, key: &'static str, value: impl Into<Value<String>>) -> Self {
        Self(BTreeMap::from([(operator, BTreeMap::from([(key, value.into())]))]))
    }
}
