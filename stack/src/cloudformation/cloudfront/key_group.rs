//! `AWS::CloudFront::KeyGroup`.

use serde::Serialize;

use crate::cloudformation::resource::{NoAttribute, Resource};
use crate::cloudformation::value::Value;

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct KeyGroup {
    pub key_group_config: KeyGroupConfig,
}

impl Resource for KeyGroup {
    const TYPE: &'static str = "AWS::CloudFront::KeyGroup";
    type Attribute = NoAttribute;
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct KeyGroupConfig {
    pub name: String,
    pub comment: String,
    pub items: Vec<Value<String>>,
}
