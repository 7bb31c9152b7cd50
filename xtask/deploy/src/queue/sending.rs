//! Sends messages to the restore queue.

use std::collections::HashSet;

use anyhow::Result;
use aws_sdk_sqs::types::SendMessageBatchRequestEntry;

use super::Queues;

/// The maximum number of messages in one SQS request or response:
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatch.html>.
pub(super) const MESSAGES_PER_BATCH: usize = 10;

impl Queues {
    /// Sends one batch of messages to the restore queue.
    ///
    /// Returns the positions of those that SQS accepted.
    pub(super) async fn send_batch(&self, bodies: &[&str]) -> Result<HashSet<usize>> {
        let entries = bodies.iter().enumerate().map(|(position, body)| {
            SendMessageBatchRequestEntry::builder().id(position.to_string()).message_body(*body).build()
        });
        let entries = entries.collect::<Result<Vec<_>, _>>()?;
        let request = self.client.send_message_batch().queue_url(&self.restore).set_entries(Some(entries));
        let response = request.send().await?;
        Ok(response.successful().iter().filter_map(|entry| entry.id().parse().ok()).collect())
    }
}
