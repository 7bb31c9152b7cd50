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
