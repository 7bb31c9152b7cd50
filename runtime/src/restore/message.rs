//! The restore of one package: the steps of a message.

use std::collections::HashMap;

use openapi::{PackageId, ReceivedRestoreMessage};

use super::error::{RestoreError, Unrestorable};
use super::markers::{Markers, ObjectVerdict};
use super::plan::{self, Plan, PlannedPackage, State};
use super::records::{DeleteRecord, DeleteRecords, RecordReading};
use super::transaction::Transaction;
use crate::platform::aws::Aws;
use crate::platform::database::Database;

/// What the restore of one message uses.
pub(super) struct MessageHandler<'a> {
    pub(super) aws: &'a Aws,
    pub(super) database: &'a Database,
    pub(super) records: &'a DeleteRecords,
    pub(super) jobs_queue_url: &'a str,
    pub(super) message_id: &'a str,
}

/// The delete records of packages, and the packages without a usable one.
type Records = (HashMap<PackageId, DeleteRecord>, HashMap<PackageId, Unrestorable>);

impl MessageHandler<'_> {
    /// Handles a message with this body.
    pub(super) async fn handle(&self, body: &str) -> Result<(), RestoreError> {
        let message = ReceivedRestoreMessage::parse(body)?;
        let (message_id, package) = (self.message_id, message.package.id);
        let plan = Plan::read(self.database, &message).await?.ok_or(RestoreError::NoSuchPackage(package))?;
        match plan.itself.state {
            State::Restoring => self.restore(&message, &plan).await,
            State::Ready => {
                tracing::info!(message_id, %package, "already restored; removing what a crash may have left");
                self.remove_stale_records(&message).await
            }
            State::Deleted | State::Other => {
                tracing::warn!(message_id, %package, "not being restored; nothing to do");
                Ok(())
            }
        }
    }

    async fn restore(&self, message: &ReceivedRestoreMessage, plan: &Plan) -> Result<(), RestoreError> {
        let message_id = self.message_id;
        let (records, mut unrestorable) = self.read_records(plan).await?;
        unrestorable.extend(Markers::new(self.aws).remove_markers(&records).await?);
        for (package, reason) in &unrestorable {
            tracing::error!(message_id, %package, %reason, "package stays deleted");
        }

        let transaction =
            Transaction { database: self.database, message, message_id, plan, unrestorable: &unrestorable };
        if unrestorable.contains_key(&plan.itself.id) {
            return Ok(transaction.give_up().await?);
        }
        let sizes: HashMap<PackageId, i64> =
            records.iter().map(|(package, record)| (*package, record.object_size)).collect();
        let restored = transaction.run(&sizes, self.aws.sqs().await, self.jobs_queue_url).await?;
        let Some(restored) = restored else {
            // Another delivery of this message was faster, and may have crashed after its commit. Or the package was deleted
            // again, and nothing of it is READY.
            tracing::info!(message_id, "no longer being restored; removing what a crash may have left");
            return self.remove_stale_records(message).await;
        };
        let done: Vec<&DeleteRecord> = restored.iter().filter_map(|package| records.get(package)).collect();
        self.records.remove(&done).await?;
        tracing::info!(message_id, package = %plan.itself.id, restored = restored.len(), "restore complete");
        Ok(())
    }

    /// Reads the delete records of all packages in the plan that have a deleted object.
    async fn read_records(&self, plan: &Plan) -> Result<Records, RestoreError> {
        let with_object: Vec<&PlannedPackage> =
            plan.restored_with_package().filter(|package| package.has_deleted_object()).collect();
        let node_ids: Vec<&str> =
            with_object.iter().filter_map(|package| package.node_id.as_deref()).collect();
        let mut readings = self.records.read(&node_ids).await?;
        let mut records = HashMap::new();
        let mut unrestorable = HashMap::new();
        for package in with_object {
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
        Ok((records, unrestorable))
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
