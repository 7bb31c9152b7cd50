//! `AWS::IAM::Role`.

use serde::Serialize;

use super::policy_document::PolicyDocument;
use crate::cloudformation::resource::{Resource, attributes};

attributes!(RoleAttribute { Arn });

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Role {
    pub description: String,
    pub assume_role_policy_document: PolicyDocument,
    pub policies: Vec<Policy>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub permissions_boundary: Option<String>,
}

impl Resource for Role {
    const TYPE: &'static str = "AWS::IAM::Role";
    type Attribute = RoleAttribute;
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Policy {
    pub policy_name: &'static str,
    pub policy_document: PolicyDocument,
}
