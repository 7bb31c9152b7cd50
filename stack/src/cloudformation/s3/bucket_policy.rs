//! `AWS::S3::BucketPolicy`.

use serde::Serialize;

use crate::cloudformation::iam::PolicyDocument;
use crate::cloudformation::resource::{NoAttribute, Resource};
use crate::cloudformation::value::Value;

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct BucketPolicy {
    pub bucket: Value<String>,
    pub policy_document: PolicyDocument,
}

impl Resource for BucketPolicy {
    const TYPE: &'static str = "AWS::S3::BucketPolicy";
    type Attribute = NoAttribute;
}
