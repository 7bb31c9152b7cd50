//! `AWS::Lambda::EventSourceMapping`.

use serde::Serialize;

use crate::cloudformation::resource::{NoAttribute, Resource};
use crate::cloudformation::value::Value;

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct EventSourceMapping {
    pub event_source_arn: Value<String>,
    pub function_name: Value<String>,
    pub batch_size: u32,
    pub function_response_types: [&'static str; 1],
    pub scaling_config: ScalingConfig,
}

impl Resource for EventSourceMapping {
    const TYPE: &'static str = "AWS::Lambda::EventSourceMapping";
    type Attribute = NoAttribute;
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ScalingConfig {
    pub maximum_concurrency: u32,
}
