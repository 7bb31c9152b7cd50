//! The restore of one package: the steps of a message.

use std::collections::HashMap;

use openapi::{PackageId, ReceivedRestoreMessage};

use super::error::{RestoreError, Unrestorable};
use super::markers::{Markers, ObjectVerdict};
use super::plan::{self, Plan, PlannedPackage, State};
use super::record::{MessageRecord, Outcome};
use super::records::{DeleteRecord, DeleteRecords, RecordReading};
use super::transaction::Transaction;
use crate::platform::aws::Aws;
use crate::platform::database::Database;
use crate::telemetry;

/// What the restore of one message uses.
pub(super) struct MessageHandler<'a> {
    pub(super) aws: &'a Aws,
    pub(super) database: &'a Database,
    pub(super) records: &'a DeleteRecords,
    pub(super) jobs_queue_url: &'a str,
    pub(super) message_id: &'a str,
}

/// The delete records of packages, and the packages without a usable one.
pub(super) type Records = (HashMap<PackageId, DeleteRecord>, HashMap<PackageId, Unrestorable>);

impl MessageHandler<'_> {
    /// Handles a message with this body.
    pub(super) async fn handle(&self, body: &str, record: &mut MessageRecord) -> Result<(), RestoreError> {
        let message = ReceivedRestoreMessage::parse(body)?;
        let package = message.package.id;
        record.organization = Some(message.org_id);
        record.dataset = Some(message.dataset_id);
        record.package = Some(package);
        record.package_node_id = Some(message.package.node_id.clone());
        let plan = telemetry::phase("plan", Plan::read(self.database, &message)).await?;
        let plan = plan.ok_or(RestoreError::NoSuchPackage(package))?;
        match plan.itself.state {
            State::Restoring => self.restore(&message, &plan, record).await,
            State::Ready => {
                tracing::info!(
                    package_id = package.0,
                    "already restored; removing what a crash may have left"
                );
                record.outcome = Some(Outcome::AlreadyRestored);
                self.remove_stale_records(&message).await
            }
            State::Deleted | State::Other => {
                tracing::warn!(package_id = package.0, "not being restored; nothing to do");
                record.outcome = Some(Outcome::NotRestoring);
                Ok(())
            }
        }
    }

    async fn restore(
        &self,
        message: &ReceivedRestoreMessage,
        plan: &Plan,
        record: &mut MessageRecord,
    ) -> Result<(), RestoreError> {
        let (records, mut unrestorable) = telemetry::phase("records", self.read_records(plan)).await?;
        let markers = Markers::new(self.aws);
        unrestorable.extend(telemetry::phase("markers", markers.remove_markers(&records)).await?);
        for (package, reason) in &unrestorable {
            tracing::error!(package_id = package.0, %reason, "package stays deleted");
        }
        record.left_deleted.extend(&unrestorable);

        let transaction = Transaction {
            database: self.database,
            message,
            message_id: self.message_id,
            plan,
            unrestorable: &unrestorable,
        };
        if unrestorable.contains_key(&plan.itself.id) {
            record.outcome = Some(Outcome::LeftDeleted);
            return Ok(telemetry::phase("transaction", transaction.give_up()).await?);
        }
        let sizes: HashMap<PackageId, i64> =
            records.iter().map(|(package, record)| (*package, record.object_size)).collect();
        let run = transaction.run(&sizes, self.aws.sqs().await, self.jobs_queue_url);
        let Some(restored) = telemetry::phase("transaction", run).await? else {
            // Another delivery of this message was faster, and may have crashed after its commit. Or the package was deleted
            // again, and nothing of it is READY.
            tracing::info!("no longer being restored; removing what a crash may have left");
            record.outcome = Some(Outcome::AlreadyRestored);
            return self.remove_stale_records(message).await;
        };
        record.outcome = Some(Outcome::Restored);
        record.restored = restored.packages.len();
        record.bytes = restored.bytes;
        record.changelog_messages = restored.changelog_messages;
        let done: Vec<&DeleteRecord> =
            restored.packages.iter().filter_map(|package| records.get(package)).collect();
        telemetry::phase("clean-up", self.records.remove(&done)).await
    }

    /// Reads the delete records of all packages in the plan that have a deleted object.
    async fn read_records(&self, plan: &Plan) -> Result<Records, RestoreError> {
        let with_object = plan.with_deleted_object();
        let node_ids: Vec<&str> =
            with_object.iter().filter_map(|package| package.node_id.as_deref()).collect();
        let readings = self.records.read(&node_ids).await?;
        Ok(assign_records(with_object, readings))
    }

    /// Removes the delete records that a crash after the commit has left.
    ///
    /// These are the records of READY packages whose marker is gone.
    ///
    /// A record whose marker exists belongs to a later deletion, and stays.
    async fn remove_stale_records(&self, message: &ReceivedRestoreMessage) -> Result<(), RestoreError> {
        let node_ids = plan::ready_files(self.database, message).await?;
        let node_ids: Vec<&str> = node_ids.iter().map(String::as_str).collect();
        let readings = self.records.read(&node_ids).await?;
        let records: Vec<DeleteRecord> = readings
            .into_values()
            .filter_map(|reading| match reading {
                RecordReading::Whole(record) => Some(record),
                RecordReading::Malformed => None,
            })
            .collect();
        let verdicts = Markers::new(self.aws).list_verdicts(records.iter()).await?;
        let stale: Vec<&DeleteRecord> = records
            .iter()
            .filter(|record| verdicts.for_record(record) == ObjectVerdict::MarkerGone)
            .collect();
        self.records.remove(&stale).await
    }
}

/// Returns the record of each package, out of those that were read for their node ids.
pub(super) fn assign_records(
    packages: Vec<&PlannedPackage>,
    mut readings: HashMap<String, RecordReading>,
) -> Records {
    let mut records = HashMap::new();
    let mut unrestorable = HashMap::new();
    for package in packages {
        match package.node_id.as_ref().and_then(|node_id| readings.remove(node_id)) {
            Some(RecordReading::Whole(record)) => {
                records.insert(package.id, record);
            }
            Some(RecordReading::Malformed) => {
                unrestorable.insert(package.id, Unrestorable::MalformedRecord);
            }
            None => {
                unrestorable.insert(package.id, Unrestorable::NoRecord);
            }
        }
    }
    (records, unrestorable)
}
