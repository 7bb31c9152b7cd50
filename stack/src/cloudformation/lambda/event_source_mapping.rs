//! `AWS::Lambda::EventSourceMapping`.

use serde_json::Value as Json;

use crate::cloudformation::consequence::{Consequences, texts};
use crate::cloudformation::number::Number;
use crate::cloudformation::property::{PropertyValue, properties};
use crate::cloudformation::resource::{NoAttribute, Resource, ResourceType, Retention, no_grants};
use crate::cloudformation::rights::{Rights, Target};
use crate::cloudformation::value::Value;

// A batch of more than ten messages needs a time to wait for them:
// https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html
properties! {
    EventSourceMapping {
        "EventSourceArn" event_source_arn: Value<String> => Replaces,
        "FunctionName" function_name: Value<String> => Plain,
        "BatchSize" batch_size: Number<1, 10> => Plain,
        "FunctionResponseTypes" function_response_types: [&'static str; 1] => Compared(partial_failures),
        "ScalingConfig" scaling_config: ScalingConfig => Plain,
    }

    ScalingConfig {
        "MaximumConcurrency" maximum_concurrency: Number<2, 1000> => Plain,
    }
}

impl Resource for EventSourceMapping {
    const TYPE: ResourceType = ResourceType {
        name: "AWS::Lambda::EventSourceMapping",
        retention: Retention::None,
        holds_data: false,
        longest_name: None,
        grants: no_grants,
        rights: Rights {
            read: &[
                (Target::EventSourceMappings, &["lambda:GetEventSourceMapping"]),
                (Target::EventSourceMappingTags, &["lambda:ListTags"]),
            ],
            deploy: &[
                (Target::NewEventSourceMapping, &["lambda:CreateEventSourceMapping"]),
                (
                    Target::EventSourceMappings,
                    &["lambda:DeleteEventSourceMapping", "lambda:UpdateEventSourceMapping"],
                ),
                (Target::EventSourceMappingTags, &["lambda:TagResource", "lambda:UntagResource"]),
            ],
        },
        properties: Self::PROPERTIES,
        other_replacing: &[],
    };
    type Attribute = NoAttribute;
}

/// Without this response type, Lambda deletes all messages of a batch although some of them failed.
fn partial_failures(consequences: &mut Consequences, old: &Json, new: &Json) {
    let reports = |value: &Json| texts(value).iter().any(|text| text == "ReportBatchItemFailures");
    if reports(old) && !reports(new) {
        consequences.loses_data("messages that the function reports as failed are deleted");
    }
}
