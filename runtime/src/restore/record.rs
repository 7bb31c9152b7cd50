//! What is known about a message when its handling ends.

use std::collections::BTreeMap;

use openapi::telemetry::{Metric, Summary};
use openapi::{DatasetId, OrganizationId, PackageId, PackageNodeId};
use serde_json::{Map, Value};

use super::error::{RestoreError, Unrestorable};
use crate::clock;
use crate::telemetry::{Activity, Ending, Severity, milliseconds};

/// What a message turned out to be about, and what became of it.
#[derive(Default)]
pub(super) struct MessageRecord {
    pub(super) organization: Option<OrganizationId>,
    pub(super) dataset: Option<DatasetId>,
    pub(super) package: Option<PackageId>,
    pub(super) package_node_id: Option<PackageNodeId>,
    pub(super) outcome: Option<Outcome>,
    /// The number of packages that became READY.
    pub(super) restored: usize,
    /// The bytes that were added to the storage counters.
    pub(super) bytes: i64,
    /// Why packages stayed deleted.
    pub(super) left_deleted: BTreeMap<PackageId, Unrestorable>,
    /// The number of messages with changelog events.
    pub(super) changelog_messages: usize,
}

/// How a message that did not fail has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// Its package became READY.
    Restored,
    /// Its package was READY before.
    AlreadyRestored,
    /// Its package was not RESTORING, so nothing was done.
    NotRestoring,
    /// Its package cannot be restored, and is DELETED again.
    LeftDeleted,
}

impl Outcome {
    const fn name(self) -> &'static str {
        match self {
            Self::Restored => "restored",
            Self::AlreadyRestored => "already-restored",
            Self::NotRestoring => "not-restoring",
            Self::LeftDeleted => "left-deleted",
        }
    }
}

/// A message that failed, and when it is received again.
pub(super) struct FailedMessage {
    pub(super) error: RestoreError,
    /// The time until the next receive, or why it could not be set: then it is the visibility timeout of the
    /// queue.
    pub(super) retry: Result<u32, RestoreError>,
}

/// A message whose handling has ended.
pub(super) struct EndedMessage<'a> {
    pub(super) id: &'a str,
    pub(super) receives: u32,
    pub(super) record: MessageRecord,
    pub(super) failed: Option<&'a FailedMessage>,
}

impl EndedMessage<'_> {
    /// Returns the outcome, fields and annotations of the message.
    pub(super) fn ending(self, activity: &Activity, is_cold_start: bool) -> Ending {
        let record = self.record;
        let (outcome, severity) = match (self.failed, record.outcome) {
            (Some(_), _) | (None, None) => ("failed", Severity::Failure),
            (None, Some(outcome)) if record.left_deleted.is_empty() => (outcome.name(), Severity::Success),
            (None, Some(outcome)) => (outcome.name(), Severity::Partial),
        };
        let mut ending = Ending::new(Summary::Restore, module_path!(), severity, is_cold_start);
        ending.annotation("message_id", self.id);
        ending.field("receives", self.receives);
        ending.annotation("outcome", outcome);
        if let Some(FailedMessage { error, retry }) = self.failed {
            ending.annotation("rule", error.rule().name());
            match retry {
                Ok(seconds) => ending.field("retry_in_seconds", *seconds),
                Err(cause) => ending.field("error", format!("the next receive could not be set: {cause}")),
            }
            ending.cause(error.to_string());
        }
        ending.annotation_if_some("organization", record.organization.map(|id| id.0));
        ending.annotation_if_some("dataset_id", record.dataset.map(|id| id.0));
        ending.annotation_if_some("package", record.package_node_id.map(|id| id.0));
        ending.annotation_if_some("package_id", record.package.map(|id| id.0));
        let mut reasons: BTreeMap<&str, usize> = BTreeMap::new();
        for reason in record.left_deleted.values() {
            *reasons.entry(reason.name()).or_default() += 1;
        }
        if !reasons.is_empty() {
            let reasons = reasons.into_iter().map(|(reason, count)| (reason.to_owned(), count.into()));
            ending.field("reasons", Value::Object(reasons.collect()));
            ending.metric(Metric::PACKAGES_LEFT_DELETED, record.left_deleted.len());
        }
        let phases: Map<String, Value> = activity
            .phases()
            .into_iter()
            .map(|(phase, duration)| (phase.into_owned(), milliseconds(duration).into()))
            .collect();
        ending.field("phases", phases);
        if record.outcome == Some(Outcome::Restored) {
            ending.metric(Metric::RESTORED_PACKAGES, record.restored);
            ending.metric(Metric::RESTORED_BYTES, record.bytes);
            ending.metric(Metric::CHANGELOG_MESSAGES, record.changelog_messages);
        }
        ending.metric(Metric::RESTORE_DURATION, milliseconds(activity.duration_until(clock::now())));
        ending
    }
}
