//! Converts a batch of messages to the event of a function.

use std::collections::BTreeMap;

use aws_sdk_sqs::types::{Message, MessageAttributeValue};
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use serde_json::{Value, json};

use crate::control_plane::QueueArn;

/// Returns the event `{"Records": […]}` as JSON.
pub(super) fn from_messages(queue: &QueueArn, messages: &[Message]) -> Bytes {
    let records: Vec<Value> = messages.iter().map(|message| record(queue, message)).collect();
    json!({"Records": records}).to_string().into()
}

/// Returns the size of a message in an event, in bytes.
pub(super) fn size_of_record(queue: &QueueArn, message: &Message) -> usize {
    record(queue, message).to_string().len()
}

fn record(queue: &QueueArn, message: &Message) -> Value {
    let attributes: BTreeMap<&str, &String> =
        message.attributes().into_iter().flatten().map(|(name, value)| (name.as_str(), value)).collect();
    let message_attributes: BTreeMap<&String, Value> = message
        .message_attributes()
        .into_iter()
        .flatten()
        .map(|(name, value)| (name, attribute(value)))
        .collect();
    let mut record = json!({
        "messageId": message.message_id(),
        "receiptHandle": message.receipt_handle(),
        "body": message.body(),
        "attributes": attributes,
        "messageAttributes": message_attributes,
        "md5OfBody": message.md5_of_body(),
        "eventSource": "aws:sqs",
        "eventSourceARN": queue.to_string(),
        "awsRegion": queue.region,
    });
    if let Some(md5) = message.md5_of_message_attributes() {
        record["md5OfMessageAttributes"] = json!(md5);
    }
    record
}

fn attribute(value: &MessageAttributeValue) -> Value {
    let mut attribute = json!({
        "stringListValues": [],
        "binaryListValues": [],
        "dataType": value.data_type(),
    });
    if let Some(text) = value.string_value() {
        attribute["stringValue"] = json!(text);
    }
    if let Some(bytes) = value.binary_value() {
        attribute["binaryValue"] = json!(BASE64.encode(bytes));
    }
    attribute
}

#[cfg(test)]
mod tests {
    use aws_sdk_sqs::primitives::Blob;
    use aws_sdk_sqs::types::MessageSystemAttributeName;

    use super::*;

    #[test]
    fn message_becomes_a_record() {
        let text = MessageAttributeValue::builder().data_type("String").string_value("abc").build().unwrap();
        let binary = MessageAttributeValue::builder()
            .data_type("Binary")
            .binary_value(Blob::new("abc"))
            .build()
            .unwrap();
        let message = Message::builder()
            .message_id("059f36b4-87a3-44ab-83d2-661975830a7d")
            .receipt_handle("AQEB")
            .body("{\"orgId\":2}")
            .attributes(MessageSystemAttributeName::ApproximateReceiveCount, "1")
            .attributes(MessageSystemAttributeName::SentTimestamp, "1545082649183")
            .message_attributes("text", text)
            .message_attributes("binary", binary)
            .md5_of_body("e4e68fb7bd0e697a0ae8f1bb342846b3")
            .build();
        let queue = "arn:aws:sqs:us-east-1:123456789012:restore".parse().unwrap();
        let event: Value = serde_json::from_slice(&from_messages(&queue, &[message])).unwrap();
        insta::assert_json_snapshot!(event);
    }
}
