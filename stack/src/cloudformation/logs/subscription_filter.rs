//! `AWS::Logs::SubscriptionFilter`.

use serde::Serialize;

use crate::cloudformation::resource::{NoAttribute, Resource};
use crate::cloudformation::value::Value;

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct SubscriptionFilter {
    pub log_group_name: Value<String>,
    pub filter_pattern: &'static str,
    pub destination_arn: Value<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role_arn: Option<Value<String>>,
}

impl Resource for SubscriptionFilter {
    const TYPE: &'static str = "AWS::Logs::SubscriptionFilter";
    type Attribute = NoAttribute;
}
