//! The changelog: events of restored packages, in messages of the jobs queue.

use std::time::Duration;

use aws_sdk_sqs::Client;
use chrono::SecondsFormat;
use futures_util::stream::{self, StreamExt, TryStreamExt};
use openapi::{
    ChangelogEvent, ChangelogEventDetail, ChangelogJob, ChangelogMessage, PackageId, PackageNodeId,
    ReceivedRestoreMessage, message_body,
};
use uuid::Uuid;

use super::error::RestoreError;
use crate::clock;
use crate::platform::sqs::{Attempts, MESSAGES_PER_BATCH, send_batch};

/// The maximum size of a message and of a batch.
///
/// A queue can still have the old limit of 256 KiB.
const MAXIMUM_BYTES: usize = 256 * 1024;
/// The space for the parts of a message that are not events.
const ENVELOPE_BYTES: usize = 2 * 1024;
const CALLS_IN_FLIGHT: usize = 8;
/// The attempts for a batch.
///
/// Rows are locked meanwhile, so a call that failed after the retries of the SDK is not repeated.
const ATTEMPTS: Attempts =
    Attempts { count: 5, first_pause: Duration::from_millis(100), repeat_failed_calls: false };

/// A restored package and its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct RestoredName {
    pub(super) id: PackageId,
    pub(super) node_id: String,
    pub(super) name: String,
    pub(super) original_name: String,
}

/// Sends an event for each package, in the given order.
///
/// It sends as many messages as necessary, and returns their number.
pub(super) async fn send(
    sqs: &Client,
    queue_url: &str,
    message: &ReceivedRestoreMessage,
    message_id: &str,
    restored: &[RestoredName],
) -> Result<usize, RestoreError> {
    let bodies = bodies(message, message_id, restored)?;
    let batches = batches(&bodies);
    let calls = batches.iter().map(|batch| send_batch(sqs, queue_url, batch, ATTEMPTS));
    stream::iter(calls).buffer_unordered(CALLS_IN_FLIGHT).try_collect::<()>().await?;
    Ok(bodies.len())
}

/// Returns the bodies of the messages.
///
/// Their ids derive from the id of the restore message and the position of the body, so a redelivery repeats
/// them.
pub(super) fn bodies(
    message: &ReceivedRestoreMessage,
    message_id: &str,
    restored: &[RestoredName],
) -> Result<Vec<String>, RestoreError> {
    let timestamp = clock::utc_now().to_rfc3339_opts(SecondsFormat::Millis, true);
    let mut chunks: Vec<Vec<ChangelogEvent>> = Vec::new();
    let mut size = MAXIMUM_BYTES;
    for package in restored {
        let event = event(package, &timestamp);
        let event_size = message_body(&event)?.len() + 1;
        size += event_size;
        if size > MAXIMUM_BYTES - ENVELOPE_BYTES {
            chunks.push(Vec::new());
            size = event_size;
        }
        if let Some(chunk) = chunks.last_mut() {
            chunk.push(event);
        }
    }
    let body = |(index, events)| {
        let derived = |what: &str| {
            Uuid::new_v5(&Uuid::NAMESPACE_OID, format!("{message_id}/{what}/{index}").as_bytes()).to_string()
        };
        let job = ChangelogJob {
            organization_id: message.org_id,
            dataset_id: message.dataset_id,
            user_id: message.user_id.clone(),
            events,
            trace_id: derived("trace"),
            id: derived("job"),
        };
        Ok(message_body(&ChangelogMessage { job })?)
    };
    chunks.into_iter().enumerate().map(body).collect()
}

fn event(package: &RestoredName, timestamp: &str) -> ChangelogEvent {
    let is_renamed = package.name != package.original_name;
    ChangelogEvent {
        event_type: ChangelogEvent::RESTORE_PACKAGE.to_owned(),
        event_detail: ChangelogEventDetail {
            id: package.id,
            name: package.name.clone(),
            original_name: is_renamed.then(|| package.original_name.clone()),
            node_id: PackageNodeId(package.node_id.clone()),
        },
        timestamp: timestamp.to_owned(),
    }
}

/// Groups bodies into batches within the limits of a batch.
fn batches(bodies: &[String]) -> Vec<Vec<&str>> {
    let mut batches: Vec<Vec<&str>> = Vec::new();
    let mut size = 0;
    for body in bodies {
        size += body.len();
        match batches.last_mut() {
            Some(batch) if batch.len() < MESSAGES_PER_BATCH && size <= MAXIMUM_BYTES => batch.push(body),
            _ => {
                batches.push(vec![body]);
                size = body.len();
            }
        }
    }
    batches
}

#[cfg(test)]
mod tests {
    use openapi::{ChangelogMessage, PackageId, ReceivedRestoreMessage};

    use super::{MAXIMUM_BYTES, RestoredName, batches, bodies};

    fn message() -> ReceivedRestoreMessage {
        let package = r#"{"id":1,"nodeId":"N:collection:1"}"#;
        let body = format!(r#"{{"orgId":2,"datasetId":1,"userId":"N:user:1","package":{package}}}"#);
        ReceivedRestoreMessage::parse(&body).unwrap()
    }

    fn restored(count: i32) -> Vec<RestoredName> {
        let package = |id| RestoredName {
            id: PackageId(id),
            node_id: format!("N:package:{id}"),
            name: format!("{}\u{ffff}", "\u{1f9e0}".repeat(60)),
            original_name: "x".to_owned(),
        };
        (1..=count).map(package).collect()
    }

    #[test]
    fn every_event_is_sent_once_in_order_within_the_limits() {
        let restored = restored(5000);
        let bodies = bodies(&message(), "m1", &restored).unwrap();
        assert!(!bodies.concat().contains('\u{ffff}'), "SQS does not accept it");
        assert!(bodies.len() > 3 && bodies.iter().all(|body| body.len() < MAXIMUM_BYTES));
        let ids: Vec<i32> = bodies
            .iter()
            .flat_map(|body| serde_json::from_str::<ChangelogMessage>(body).unwrap().job.events)
            .map(|event| event.event_detail.id.0)
            .collect();
        assert_eq!(ids, (1..=5000).collect::<Vec<_>>());
        let batches = batches(&bodies);
        assert_eq!(batches.concat(), bodies, "all of them, in order");
        for batch in batches {
            assert!(batch.len() <= 10 && batch.iter().map(|body| body.len()).sum::<usize>() <= MAXIMUM_BYTES);
        }
    }

    #[test]
    fn redelivery_repeats_the_ids() {
        let ids = |message_id| {
            let bodies = bodies(&message(), message_id, &restored(2000)).unwrap();
            let ids = |body: &String| {
                let job = serde_json::from_str::<ChangelogMessage>(body).unwrap().job;
                [job.id, job.trace_id]
            };
            bodies.iter().flat_map(ids).collect::<Vec<_>>()
        };
        assert_eq!(ids("m1"), ids("m1"));
        assert_ne!(ids("m1"), ids("m2"));
        let mut distinct = ids("m1");
        distinct.sort();
        distinct.dedup();
        assert_eq!(distinct.len(), ids("m1").len());
    }
}
