//! `AWS::Logs`.

use serde::Serialize;

use super::resource::{NoAttribute, Resource, attributes};
use super::value::Value;

attributes!(LogGroupAttribute { Arn });

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct LogGroup {
    pub log_group_name: String,
    pub retention_in_days: u32,
}

impl Resource for LogGroup {
    const TYPE: &'static str = "AWS::Logs::LogGroup";
    type Attribute = LogGroupAttribute;
}

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
