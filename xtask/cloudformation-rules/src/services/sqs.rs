//! Queues: their names and their dead-letter queues.

use serde_json::Value;

use crate::check::Context;
use crate::intrinsics::referenced_resource;
use crate::rule::Rule;
use crate::services::is_true;
use crate::violation::Violation;

const MAXIMUM_NAME: usize = 80;

pub(super) fn check_names(context: &Context<'_>) -> Vec<Violation> {
    context
        .template
        .of_type("AWS::SQS::Queue")
        .filter_map(|(id, queue)| {
            let name = queue.properties["QueueName"].as_str()?;
            let is_fifo = is_true(&queue.properties["FifoQueue"]);
            let stem = if is_fifo { name.strip_suffix(".fifo") } else { Some(name) };
            let is_letter = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_');
            let is_valid = name.len() <= MAXIMUM_NAME
                && stem.is_some_and(|stem| !stem.is_empty() && stem.chars().all(is_letter));
            let message = if is_fifo && stem.is_none() {
                "The name of a FIFO queue can only include alphanumeric characters, hyphens, or underscores, must end \
                 with .fifo suffix and be 1 to 80 in length."
            } else {
                "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length"
            };
            (!is_valid).then(|| Violation::of_property(Rule::QueueName, id, "/QueueName", message))
        })
        .collect()
}

pub(super) fn check_redrives(context: &Context<'_>) -> Vec<Violation> {
    context
        .template
        .of_type("AWS::SQS::Queue")
        .filter_map(|(id, queue)| {
            let pointer = "/RedrivePolicy/deadLetterTargetArn";
            let is_fifo = is_fifo(context, queue.properties.pointer(pointer)?)?;
            let message = "Value for parameter RedrivePolicy is invalid. Reason: Dead-letter queue must be same type \
                           of queue as the source.";
            (is_fifo != is_true(&queue.properties["FifoQueue"]))
                .then(|| Violation::of_property(Rule::RedriveMismatch, id, pointer, message))
        })
        .collect()
}

fn is_fifo(context: &Context<'_>, arn: &Value) -> Option<bool> {
    if let Some(arn) = arn.as_str() {
        return Some(arn.strip_suffix(".fifo").is_some());
    }
    let queue = context.template.resources.get(referenced_resource(arn)?)?;
    (queue.type_name == "AWS::SQS::Queue").then(|| is_true(&queue.properties["FifoQueue"]))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::rule::Rule;
    use crate::testing::{Request, rules};

    fn queue(properties: &Value) -> Value {
        json!({ "Type": "AWS::SQS::Queue", "Properties": properties })
    }

    #[test]
    fn name_is_short_and_ends_as_that_of_its_kind() {
        let named = |name: &str, is_fifo: bool| {
            let properties = json!({ "QueueName": name, "FifoQueue": is_fifo });
            rules(&Request::of_resources(&json!({ "Queue": queue(&properties) })))
        };
        assert_eq!(named(&"a".repeat(80), false), []);
        assert_eq!(named("queue.fifo", true), []);
        for (name, is_fifo) in
            [(&*"a".repeat(81), false), ("queue.fifo", false), ("queue", true), ("a b", false)]
        {
            assert_eq!(named(name, is_fifo), [Rule::QueueName], "{name}");
        }
    }

    #[test]
    fn dead_letter_queue_is_of_the_same_kind() {
        let redriven = |target: Value, is_fifo: bool| {
            let policy = json!({ "maxReceiveCount": 1, "deadLetterTargetArn": target });
            let source = queue(&json!({ "RedrivePolicy": policy, "FifoQueue": is_fifo }));
            rules(&Request::of_resources(
                &json!({ "Source": source, "Dead": queue(&json!({ "FifoQueue": true })) }),
            ))
        };
        let dead = json!({ "Fn::GetAtt": ["Dead", "Arn"] });
        assert_eq!(redriven(dead.clone(), true), []);
        assert_eq!(redriven(dead, false), [Rule::RedriveMismatch]);
        assert_eq!(redriven(json!("arn:aws:sqs:us-east-1:1:queue"), true), [Rule::RedriveMismatch]);
    }
}
