//! SQS events and the answer that names partial failures:
//! <https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html>.

use serde::{Deserialize, Serialize};

/// A batch of messages.
#[derive(Deserialize)]
pub struct QueueEvent {
    #[serde(rename = "Records", default)]
    pub(super) records: Vec<QueueMessage>,
}

/// One message of a batch.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct QueueMessage {
    pub(super) message_id: String,
    #[serde(default)]
    pub(super) body: String,
    /// Identifies this receive of the message.
    #[serde(default)]
    pub(super) receipt_handle: String,
    #[serde(default)]
    attributes: Attributes,
}

#[derive(Default, Deserialize)]
struct Attributes {
    /// A number, as text.
    #[serde(rename = "ApproximateReceiveCount")]
    receive_count: Option<String>,
}

impl QueueMessage {
    /// How often the message was received, this time included.
    pub(super) fn receives(&self) -> u32 {
        self.attributes.receive_count.as_deref().and_then(|count| count.parse().ok()).unwrap_or(1)
    }
}

/// Which messages of a batch failed; all others are done and leave the queue.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct QueueAnswer {
    batch_item_failures: Vec<BatchItemFailure>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct BatchItemFailure {
    item_identifier: String,
}

impl QueueAnswer {
    /// This message shall come again.
    pub(super) fn fail(&mut self, message_id: String) {
        self.batch_item_failures.push(BatchItemFailure { item_identifier: message_id });
    }
}

#[cfg(test)]
mod tests {
    use super::QueueEvent;

    #[test]
    fn receive_count_is_read_from_the_event() {
        let receives = |attributes: &str| {
            let event = format!(r#"{{"Records":[{{"messageId":"m","receiptHandle":"r"{attributes}}}]}}"#);
            let event: QueueEvent = serde_json::from_str(&event).unwrap();
            assert_eq!(event.records[0].receipt_handle, "r");
            event.records[0].receives()
        };
        assert_eq!(receives(r#","attributes":{"ApproximateReceiveCount":"4","SenderId":"x"}"#), 4);
        for without in ["", r#","attributes":{}"#, r#","attributes":{"ApproximateReceiveCount":"many"}"#] {
            assert_eq!(receives(without), 1, "{without}");
        }
    }
}
