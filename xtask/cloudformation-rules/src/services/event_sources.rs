//! Event source mappings of queues.

use serde_json::Value;

use crate::check::Context;
use crate::intrinsics::referenced_resource;
use crate::rule::Rule;
use crate::services::{is_true, number};
use crate::template::Resource;
use crate::violation::Violation;

/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-sqs-queue.html>
const DEFAULT_VISIBILITY_TIMEOUT: i64 = 30;
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-lambda-function.html>
const DEFAULT_FUNCTION_TIMEOUT: i64 = 3;
const LARGEST_BATCH_WITHOUT_WINDOW: i64 = 10;

pub(super) fn check(context: &Context<'_>) -> Vec<Violation> {
    let resource = |value: &Value, resource_type: &str| {
        let target = context.template.resources.get(referenced_resource(value)?)?;
        (target.type_name == resource_type).then_some(target)
    };
    let mappings = context.template.of_type("AWS::Lambda::EventSourceMapping");
    mappings
        .filter_map(|(id, mapping)| {
            let queue = resource(&mapping.properties["EventSourceArn"], "AWS::SQS::Queue")?;
            let function = resource(&mapping.properties["FunctionName"], "AWS::Lambda::Function");
            let timeout = function.and_then(|function| check_timeout(id, queue, function));
            Some(timeout.into_iter().chain(check_batch(id, mapping, queue)).collect::<Vec<_>>())
        })
        .flatten()
        .collect()
}

fn check_timeout(id: &str, queue: &Resource<'_>, function: &Resource<'_>) -> Option<Violation> {
    let seconds = |resource: &Resource<'_>, name: &str, default: i64| match resource.properties.get(name) {
        Some(value) => number(value),
        None => Some(default),
    };
    let visibility = seconds(queue, "VisibilityTimeout", DEFAULT_VISIBILITY_TIMEOUT)?;
    let timeout = seconds(function, "Timeout", DEFAULT_FUNCTION_TIMEOUT)?;
    let message = format!(
        "Invalid request provided: Queue visibility timeout: {visibility} seconds is less than Function timeout: \
         {timeout} seconds"
    );
    (visibility < timeout)
        .then(|| Violation::of_property(Rule::VisibilityTimeout, id, "/EventSourceArn", message))
}

fn check_batch(id: &str, mapping: &Resource<'_>, queue: &Resource<'_>) -> Option<Violation> {
    let window = mapping.properties.get("MaximumBatchingWindowInSeconds");
    let is_large = number(&mapping.properties["BatchSize"])? > LARGEST_BATCH_WITHOUT_WINDOW;
    let message = if is_true(&queue.properties["FifoQueue"]) {
        "The maximum batch size of a FIFO queue is 10."
    } else if window.is_none_or(|window| number(window) == Some(0)) {
        "Maximum batch window in seconds must be greater than 0 if maximum batch size is greater than 10"
    } else {
        return None;
    };
    is_large.then(|| Violation::of_property(Rule::BatchSize, id, "/BatchSize", message))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::rule::Rule;
    use crate::testing::{Request, messages, rules};

    fn request(queue: &Value, function: &Value, mapping: &Value) -> Request {
        let mut mapping = mapping.clone();
        mapping["EventSourceArn"] = json!({ "Fn::GetAtt": ["Queue", "Arn"] });
        mapping["FunctionName"] = json!({ "Ref": "Function" });
        Request::of_resources(&json!({
            "Queue": { "Type": "AWS::SQS::Queue", "Properties": queue },
            "Function": { "Type": "AWS::Lambda::Function", "Properties": function },
            "Mapping": { "Type": "AWS::Lambda::EventSourceMapping", "Properties": mapping },
        }))
    }

    #[test]
    fn queue_hides_messages_while_the_function_runs() {
        let with = |visibility: u32| {
            request(&json!({ "VisibilityTimeout": visibility }), &json!({ "Timeout": 60 }), &json!({}))
        };
        assert_eq!(rules(&with(60)), []);
        assert_eq!(
            messages(&with(59)),
            [
                "Invalid request provided: Queue visibility timeout: 59 seconds is less than Function timeout: 60 \
                 seconds"
            ]
        );
    }

    #[test]
    fn timeouts_have_defaults() {
        assert_eq!(rules(&request(&json!({}), &json!({}), &json!({}))), []);
        assert_eq!(
            rules(&request(&json!({}), &json!({ "Timeout": 31 }), &json!({}))),
            [Rule::VisibilityTimeout]
        );
    }

    #[test]
    fn large_batch_needs_a_window_and_no_fifo_queue() {
        let with = |queue: Value, mapping: Value| rules(&request(&queue, &json!({}), &mapping));
        assert_eq!(with(json!({}), json!({ "BatchSize": 10 })), []);
        assert_eq!(with(json!({}), json!({ "BatchSize": 11 })), [Rule::BatchSize]);
        assert_eq!(with(json!({}), json!({ "BatchSize": 11, "MaximumBatchingWindowInSeconds": 1 })), []);
        let fifo = json!({ "FifoQueue": true });
        let mapping = json!({ "BatchSize": 11, "MaximumBatchingWindowInSeconds": 1 });
        assert_eq!(with(fifo, mapping), [Rule::BatchSize]);
    }
}
