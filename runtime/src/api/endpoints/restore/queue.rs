//! Sending the messages.

use std::collections::HashSet;
use std::time::Duration;

use aws_sdk_sqs::types::SendMessageBatchRequestEntry;
use futures_util::stream::{self, StreamExt};
use openapi::{PackageId, message_body};
use tokio::time::{Instant, timeout_at};

use super::claim::Claimed;
use crate::sdk_error::failure;

/// The most messages that one `SendMessageBatch` takes:
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatch.html>.
const BATCH: usize = 10;
const BATCHES_IN_FLIGHT: usize = 20;
const ATTEMPTS: u32 = 3;
/// How long sending may take: enough must be left of the request's time to put back what was not sent.
const SEND_TIME: Duration = Duration::from_secs(9);

/// Send a message for each package, and return those for which it failed.
pub(super) async fn send(sqs: &aws_sdk_sqs::Client, queue_url: &str, claimed: &[Claimed]) -> Vec<PackageId> {
    let end = Instant::now() + SEND_TIME;
    let batches = claimed.chunks(BATCH).map(|batch| async move {
        let send = send_batch(sqs, queue_url, batch);
        timeout_at(end, send).await.unwrap_or_else(|_| batch.iter().map(package_of).collect())
    });
    let unsent: Vec<Vec<PackageId>> =
        stream::iter(batches).buffer_unordered(BATCHES_IN_FLIGHT).collect().await;
    unsent.concat()
}

fn package_of(claimed: &Claimed) -> PackageId {
    claimed.message.package.id
}

/// Send one batch; entries that SQS could not take for a reason of its own are tried again.
async fn send_batch(sqs: &aws_sdk_sqs::Client, queue_url: &str, batch: &[Claimed]) -> Vec<PackageId> {
    let mut open: Vec<&Claimed> = batch.iter().collect();
    for attempt in 0..ATTEMPTS {
        if attempt > 0 {
            tokio::time::sleep(Duration::from_millis(100 << attempt)).await;
        }
        let mut request = sqs.send_message_batch().queue_url(queue_url);
        for (index, claimed) in open.iter().enumerate() {
            let Ok(body) = message_body(&claimed.message) else { continue };
            if let Ok(entry) =
                SendMessageBatchRequestEntry::builder().id(index.to_string()).message_body(body).build()
            {
                request = request.entries(entry);
            }
        }
        match request.send().await {
            Ok(answer) => {
                let sent: HashSet<usize> =
                    answer.successful().iter().filter_map(|entry| entry.id().parse().ok()).collect();
                open = open
                    .into_iter()
                    .enumerate()
                    .filter(|(index, _)| !sent.contains(index))
                    .map(|(_, claimed)| claimed)
                    .collect();
            }
            Err(error) => {
                tracing::warn!(attempt, cause = failure("SendMessageBatch", &error), "messages not sent");
            }
        }
        if open.is_empty() {
            break;
        }
    }
    open.into_iter().map(package_of).collect()
}
