//! Sending the messages of claimed packages.

use std::collections::HashSet;
use std::time::Duration;

use aws_sdk_sqs::Client;
use futures_util::stream::{self, StreamExt as _};
use openapi::{PackageId, message_body};
use tokio::time::{Instant, timeout_at};

use super::claim::Claimed;
use crate::platform::sqs::{Attempts, MESSAGES_PER_BATCH, send_batch};

const BATCHES_IN_FLIGHT: usize = 20;
const ATTEMPTS: Attempts =
    Attempts { count: 3, first_pause: Duration::from_millis(250), repeat_failed_calls: true };
/// The time limit for sending.
///
/// The rest of the request's time is for moving packages back whose messages were not sent.
const SEND_TIME: Duration = Duration::from_secs(9);

/// Sends a message for each package.
///
/// Returns the packages whose messages were not sent.
pub(super) async fn send(sqs: &Client, queue_url: &str, claimed: &[Claimed]) -> HashSet<PackageId> {
    let end = Instant::now() + SEND_TIME;
    let batches = claimed.chunks(MESSAGES_PER_BATCH).map(|batch| send_in_time(sqs, queue_url, batch, end));
    let unsent: Vec<Vec<PackageId>> =
        stream::iter(batches).buffer_unordered(BATCHES_IN_FLIGHT).collect().await;
    unsent.into_iter().flatten().collect()
}

async fn send_in_time(sqs: &Client, queue_url: &str, batch: &[Claimed], end: Instant) -> Vec<PackageId> {
    let id = |claimed: &Claimed| claimed.message.package.id;
    let all = || batch.iter().map(id).collect();
    let bodies: Result<Vec<String>, _> = batch.iter().map(|claimed| message_body(&claimed.message)).collect();
    let Ok(bodies) = bodies else { return all() };
    let bodies: Vec<&str> = bodies.iter().map(String::as_str).collect();
    match timeout_at(end, send_batch(sqs, queue_url, &bodies, ATTEMPTS)).await {
        Ok(Ok(())) => Vec::new(),
        Ok(Err(unsent)) => {
            tracing::warn!(cause = %unsent, "messages not sent");
            unsent.positions.into_iter().map(|position| id(&batch[position])).collect()
        }
        Err(_) => {
            tracing::warn!(cause = "the time for sending is over", "messages not sent");
            all()
        }
    }
}
