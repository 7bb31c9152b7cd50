//! `AWS::Lambda::Permission`.

use serde::Serialize;

use crate::cloudformation::resource::{NoAttribute, Resource};
use crate::cloudformation::value::Value;

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Permission {
    pub action: &'static str,
    pub function_name: Value<String>,
    pub principal: &'static str,
    pub source_arn: Value<String>,
}

impl Resource for Permission {
    const TYPE: &'static str = "AWS::Lambda::Permission";
    type Attribute = NoAttribute;
}
