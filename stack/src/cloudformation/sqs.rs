//! `AWS::SQS`.

use serde::Serialize;

use super::resource::{Resource, attributes};
use super::value::Value;

attributes!(QueueAttribute { Arn });

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Queue {
    pub queue_name: String,
    pub message_retention_period: u32,
    pub receive_message_wait_time_seconds: u32,
    pub sqs_managed_sse_enabled: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub visibility_timeout: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub redrive_policy: Option<RedrivePolicy>,
}

impl Resource for Queue {
    const TYPE: &'static str = "AWS::SQS::Queue";
    type Attribute = QueueAttribute;
}

/// A JSON document of SQS, which is why its names begin small.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RedrivePolicy {
    pub dead_letter_target_arn: Value<String>,
    pub max_receive_count: u32,
}
