//! `AWS::SQS::Queue`.

use serde_json::Value as Json;

use crate::cloudformation::consequence::Consequences;
use crate::cloudformation::number::Number;
use crate::cloudformation::property::{PropertyValue, properties};
use crate::cloudformation::resource::{Resource, ResourceType, Retention, attributes, no_grants};
use crate::cloudformation::rights::{Rights, Target};
use crate::cloudformation::value::Value;

/// How long SQS keeps messages without the property: four days.
const DEFAULT_MESSAGE_RETENTION_SECONDS: u64 = 345_600;

attributes!(QueueAttribute { Arn });

properties! {
    Queue {
        "QueueName" queue_name: String => Replaces,
        "MessageRetentionPeriod" message_retention_period: Number<60, 1_209_600> => Compared(message_retention),
        "ReceiveMessageWaitTimeSeconds" receive_message_wait_time_seconds: Number<0, 20> => Plain,
        "SqsManagedSseEnabled" sqs_managed_sse_enabled: bool => Compared(encryption),
        "VisibilityTimeout" visibility_timeout: Option<Number<0, 43_200>> => Plain,
        "RedrivePolicy" redrive_policy: Option<RedrivePolicy> => Compared(dead_letters),
    }

    /// A JSON document of SQS, which is why its names begin with small letters.
    RedrivePolicy {
        "deadLetterTargetArn" dead_letter_target_arn: Value<String> => Plain,
        "maxReceiveCount" max_receive_count: Number<1, 1000> => Plain,
    }
}

impl Resource for Queue {
    const TYPE: ResourceType = ResourceType {
        name: "AWS::SQS::Queue",
        retention: Retention::None,
        holds_data: true,
        // https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-queues.html
        longest_name: Some(("QueueName", 80)),
        grants: no_grants,
        rights: Rights {
            read: &[(Target::Queues, &["sqs:GetQueueAttributes", "sqs:GetQueueUrl", "sqs:ListQueueTags"])],
            deploy: &[(
                Target::Queues,
                &[
                    "sqs:CreateQueue",
                    "sqs:DeleteQueue",
                    "sqs:SetQueueAttributes",
                    "sqs:TagQueue",
                    "sqs:UntagQueue",
                ],
            )],
        },
        properties: Self::PROPERTIES,
        other_replacing: &["FifoQueue"],
    };
    type Attribute = QueueAttribute;
}

fn message_retention(consequences: &mut Consequences, old: &Json, new: &Json) {
    let seconds = |value: &Json| value.as_u64().unwrap_or(DEFAULT_MESSAGE_RETENTION_SECONDS);
    if seconds(new) < seconds(old) {
        consequences.loses_data(format!(
            "messages are deleted after {} s, was {} s",
            seconds(new),
            seconds(old)
        ));
    }
}

fn dead_letters(consequences: &mut Consequences, old: &Json, new: &Json) {
    if !old.is_null() && new.is_null() {
        consequences.loses_data("messages that fail are no longer kept as dead letters");
    }
}

/// Without the property, SQS encrypts messages too:
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-configure-sqs-sse-queue.html>.
fn encryption(consequences: &mut Consequences, old: &Json, new: &Json) {
    if old != false && new == false {
        consequences.opens("messages are no longer encrypted");
    }
}
