//! The restore function: works through the messages of the restore queue.
//!
//! One message restores one package, with all that was deleted in it where it is a folder. SQS delivers at least once,
//! and a function can die anywhere, so every step can be repeated, and the order is such that a message that comes again
//! ends where the first would have. A new delivery always begins at step 1; what it does is decided by the state of the
//! package's row, never by what an earlier delivery may have done.
//!
//! | step | a crash right after it leaves | the message that comes again |
//! |---|---|---|
//! | 1. `plan`: one query reads the package, its deleted ancestors and descendants | nothing | reads again |
//! | 2. `records`: the delete records are read | nothing | reads again |
//! | 3. `markers`: the versions that the records name are looked at | nothing | looks again |
//! | 4. `markers`: those that are delete markers are removed, in some of the calls or in all | objects readable whose packages are deleted, as before | finds some markers gone and the data there, which counts as removed |
//! | 5. `transaction`: rows locked, names and states set | nothing: the server rolls back when the connection ends | finds the package RESTORING still |
//! | 6. `changelog`: it is sent, in some of its messages or in all | events of what is not READY yet; nothing in the database | sends the same events in messages of the same ids |
//! | 7. `storage`: the folders above are locked where they are, and counters go up | nothing: it is the same transaction | counts, for the first time that lasts |
//! | 8. commit | packages READY and counted, with delete records whose markers are gone | finds the package READY: goes to step 9 |
//! | 9. delete records removed, in some of the calls or in all | some such records, or nothing | removes the rest |
//!
//! A message that fails at any step is made visible again after seconds, then minutes (`redelivery`); one whose function
//! crashed comes back after the visibility time-out of the queue.
//!
//! Why that is enough:
//!
//! - **Nothing is counted twice.** The counters change in the transaction that moves the package from RESTORING to READY,
//!   and its row is locked and looked at again in there: a second delivery, also one at the same time, finds it READY
//!   (or waits, and then does), leaves the transaction with nothing done, and goes to step 9 in case the first one died
//!   before it.
//! - **Nothing is READY without its object.** Markers are removed before the transaction begins. A package whose marker is
//!   not known to be gone, or whose object another marker hides then, is left out of it.
//! - **Nothing becomes READY unannounced.** The changelog is sent before the commit, so whatever commits was announced. What
//!   was announced and then rolled back is announced again: the ids derive from the message's id, so that a consumer can
//!   tell. The names are the same too, unless somebody took one of them in between. Where the transaction starts over in the
//!   same delivery, a deadlock being no reason to fail, it keeps the announced names that are still free, and nothing is
//!   announced again that was announced as it is.
//! - **Nothing that still needs its record loses it.** Records are removed after the commit, and only those of packages that
//!   became READY; by step 9 of a later delivery only those whose marker is gone, since one whose marker is there belongs to
//!   a later deletion. Each is removed on the condition that it is the record that was read, so a record that a later
//!   deletion writes between steps 8 and 9 stays.
//! - **No answer is trusted that did not come.** Where the connection breaks at the commit, nobody knows whether it happened:
//!   the transaction starts over, and the row tells.
//! - **A crash holds nobody up for long.** The server ends a transaction whose connection is gone, and one that is idle, as
//!   it is while SQS answers, after two minutes.
//!
//! What cannot be restored (no record, no object, no marker where one should be, another marker on top) is left out before
//! step 5, and so stays DELETED with its record; where it is the package itself, one statement moves it from RESTORING to
//! DELETED, which can be repeated too. What will pass fails the message, and so does what is our own fault: where S3 denies
//! the removal of every marker in a bucket, the function lacks a right.
//!
//! The end-to-end tests kill the function before and after each of its calls, and compare.

mod changelog;
mod event;
mod markers;
mod names;
mod plan;
mod records;
mod redelivery;
mod storage;
mod transaction;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use aws_sdk_s3::error::{BuildError, ProvideErrorMetadata, SdkError};
use futures_util::stream::{self, StreamExt};
use openapi::{MalformedMessage, PackageId, ReceivedRestoreMessage};
use tokio::sync::OnceCell;
use tokio::time::{Instant, timeout_at};

pub use self::event::{QueueAnswer, QueueEvent};

use self::event::QueueMessage;
use self::markers::{Markers, ObjectVerdict};
use self::plan::{Plan, PlannedPackage, State};
use self::records::{DeleteRecord, DeleteRecords, RecordReading};
use crate::configuration::{RestoreSettings, SettingError};
use crate::platform::aws::{Aws, Patience};
use crate::platform::database::{Database, DatabaseError};
use crate::sdk_error::failure;

/// What is kept of a batch's time for handing messages back.
const TIME_TO_ANSWER: Duration = Duration::from_secs(5);
/// How long it may take to shorten the time until a failed message comes back.
const SCHEDULE_TIME: Duration = Duration::from_secs(4);
/// The same for a message that ran out of the batch's time.
const LATE_SCHEDULE_TIME: Duration = Duration::from_secs(2);

/// A large folder does not hold up the messages behind it, which would run out of time and lose a receive; the pool has
/// a connection for each.
const MESSAGES_IN_FLIGHT: usize = 2;

/// The restore function. Building it opens no connection and calls no service.
pub struct RestoreFunction {
    settings: RestoreSettings,
    aws: Arc<Aws>,
    database: Database,
    clients: OnceCell<Clients>,
    sqs: OnceCell<aws_sdk_sqs::Client>,
}

struct Clients {
    records: DeleteRecords,
    jobs_queue_url: String,
}

/// Why a message fails, and comes again: for what will pass, until it has; else until it is a dead letter.
#[derive(Debug, thiserror::Error)]
enum RestoreError {
    #[error(transparent)]
    NoMessage(#[from] MalformedMessage),
    #[error("a message cannot be written: {0}")]
    Unwritable(#[from] serde_json::Error),
    #[error("package {0} does not exist in its dataset")]
    NoSuchPackage(PackageId),
    #[error(transparent)]
    NotConfigured(#[from] SettingError),
    #[error(transparent)]
    Database(#[from] DatabaseError),
    #[error("{0}")]
    Aws(String),
    #[error("{0} was throttled, or left part of the work undone, too often")]
    Throttled(&'static str),
    #[error(
        "S3 denies the removal of every delete marker in {0}: check the function's role and the bucket's policy"
    )]
    Denied(String),
    #[error("the batch ran out of time")]
    OutOfTime,
}

/// Why one package of a restore cannot be restored, and stays deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
enum Unrestorable {
    #[error("it has no delete record")]
    NoRecord,
    #[error("its delete record names no object")]
    MalformedRecord,
    #[error("the bucket of its object does not exist")]
    NoBucket,
    #[error("its object does not exist")]
    NoObject,
    #[error("its delete record names a data version, not a delete marker")]
    DataVersion,
    #[error("S3 refused to remove its delete marker")]
    MarkerRefused,
    #[error("another delete marker hides its object")]
    Hidden,
}

impl RestoreFunction {
    /// A function with these settings.
    pub fn new(settings: RestoreSettings) -> Self {
        let aws = Arc::new(Aws::new(&settings.common, Patience::Queue));
        let database = Database::new(&settings.common, Arc::clone(&aws));
        Self { settings, aws, database, clients: OnceCell::new(), sqs: OnceCell::new() }
    }

    /// Work through a batch, and name the messages that shall come again. Messages that would run past the deadline are
    /// handed back in time; one that fails never harms another.
    pub async fn work_through(&self, event: QueueEvent, deadline: SystemTime) -> QueueAnswer {
        let time_left = deadline.duration_since(SystemTime::now()).unwrap_or_default();
        let end = Instant::now() + time_left.saturating_sub(TIME_TO_ANSWER);
        let outcomes = event.records.into_iter().map(|message| async move {
            // Boxed, as in the API function, to keep the types shallow.
            let work = Box::pin(self.handle(&message));
            let outcome = timeout_at(end, work).await.unwrap_or(Err(RestoreError::OutOfTime));
            if let Err(error) = &outcome {
                let comes_back = self.schedule(&message, end).await;
                let message_id = &message.message_id;
                match comes_back {
                    Ok(seconds) => {
                        tracing::error!(message_id, %error, comes_back_in_seconds = seconds, "message failed");
                    }
                    Err(cause) => tracing::error!(
                        message_id, %error, %cause,
                        "message failed; it comes back only after the visibility time-out of the queue"
                    ),
                }
            }
            (message.message_id, outcome)
        });
        let outcomes: Vec<_> = stream::iter(outcomes).buffer_unordered(MESSAGES_IN_FLIGHT).collect().await;
        let mut answer = QueueAnswer::default();
        for (message_id, outcome) in outcomes {
            if outcome.is_err() {
                answer.fail(message_id);
            }
        }
        answer
    }

    /// Shortens the time until a failed message comes back, and returns it in seconds. The batch ends at `end`.
    async fn schedule(&self, message: &QueueMessage, end: Instant) -> Result<u32, RestoreError> {
        let queue_url = self.settings.restore_queue_url.clone()?;
        let limit = (Instant::now() + SCHEDULE_TIME).min(end + LATE_SCHEDULE_TIME);
        let schedule = async { redelivery::schedule(self.sqs().await, &queue_url, message).await };
        timeout_at(limit, schedule).await.unwrap_or(Err(RestoreError::OutOfTime))
    }

    async fn handle(&self, message: &QueueMessage) -> Result<(), RestoreError> {
        let message_id = &message.message_id;
        let message = ReceivedRestoreMessage::parse(&message.body)?;
        let package = message.package.id;
        let clients = self.clients().await?;
        let plan = Plan::read(&self.database, &message).await?.ok_or(RestoreError::NoSuchPackage(package))?;
        match plan.itself.state {
            State::Restoring => self.restore(message_id, &message, &plan, clients).await,
            State::Ready => {
                tracing::info!(message_id, %package, "already restored; removing what a crash may have left");
                self.remove_stale_records(&message, clients).await
            }
            State::Deleted | State::Other => {
                tracing::warn!(message_id, %package, "not being restored; nothing to do");
                Ok(())
            }
        }
    }

    async fn restore(
        &self,
        message_id: &str,
        message: &ReceivedRestoreMessage,
        plan: &Plan,
        clients: &Clients,
    ) -> Result<(), RestoreError> {
        let (records, mut unrestorable) = self.read_records(plan, clients).await?;
        unrestorable.extend(Markers::new(&self.aws).uncover(&records).await?);
        for (package, reason) in &unrestorable {
            tracing::error!(message_id, %package, %reason, "package stays deleted");
        }

        let database = &self.database;
        let transaction =
            transaction::Transaction { database, message, message_id, plan, unrestorable: &unrestorable };
        if unrestorable.contains_key(&plan.itself.id) {
            return Ok(transaction.give_up().await?);
        }
        let sizes: HashMap<PackageId, i64> =
            records.iter().map(|(package, record)| (*package, record.object_size)).collect();
        let Some(restored) = transaction.run(&sizes, self.sqs().await, &clients.jobs_queue_url).await? else {
            // Another delivery of this message was quicker, and may have died after its commit; or somebody deleted the
            // package again, and nothing of it is READY.
            tracing::info!(message_id, "no longer being restored; removing what a crash may have left");
            return self.remove_stale_records(message, clients).await;
        };
        let done: Vec<&DeleteRecord> = restored.iter().filter_map(|package| records.get(package)).collect();
        clients.records.remove(&done).await?;
        tracing::info!(message_id, package = %plan.itself.id, restored = restored.len(), "restore complete");
        Ok(())
    }

    /// The delete records of all packages of the plan that have an object of their own.
    async fn read_records(
        &self,
        plan: &Plan,
        clients: &Clients,
    ) -> Result<(HashMap<PackageId, DeleteRecord>, HashMap<PackageId, Unrestorable>), RestoreError> {
        let with_object: Vec<&PlannedPackage> =
            plan.restored_with_package().filter(|package| package.has_deleted_object()).collect();
        let node_ids: Vec<&str> =
            with_object.iter().filter_map(|package| package.node_id.as_deref()).collect();
        let mut readings = clients.records.read(&node_ids).await?;
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

    /// Remove the delete records of packages that are READY, where their marker is gone: what a crash after the commit
    /// leaves. A record whose marker is still there is of a later deletion, and stays.
    async fn remove_stale_records(
        &self,
        message: &ReceivedRestoreMessage,
        clients: &Clients,
    ) -> Result<(), RestoreError> {
        let node_ids = plan::ready_files(&self.database, message).await?;
        let node_ids: Vec<&str> = node_ids.iter().map(String::as_str).collect();
        let readings = clients.records.read(&node_ids).await?;
        let records: Vec<DeleteRecord> = readings
            .into_values()
            .filter_map(|reading| match reading {
                RecordReading::Whole(record) => Some(record),
                RecordReading::Malformed => None,
            })
            .collect();
        let verdicts = Markers::new(&self.aws).judge(records.iter()).await?;
        let stale: Vec<&DeleteRecord> =
            records.iter().filter(|record| verdicts.of(record) == ObjectVerdict::MarkerGone).collect();
        clients.records.remove(&stale).await
    }

    async fn clients(&self) -> Result<&Clients, RestoreError> {
        let table = self.settings.delete_record_table.clone()?;
        let jobs_queue_url = self.settings.jobs_queue_url.clone()?;
        let clients = self.clients.get_or_init(|| async {
            let configuration = self.aws.configuration().await;
            Clients {
                records: DeleteRecords::new(aws_sdk_dynamodb::Client::new(configuration), table),
                jobs_queue_url,
            }
        });
        Ok(clients.await)
    }

    async fn sqs(&self) -> &aws_sdk_sqs::Client {
        self.sqs.get_or_init(|| async { aws_sdk_sqs::Client::new(self.aws.configuration().await) }).await
    }
}

impl RestoreError {
    /// A call failed.
    fn aws<E: ProvideErrorMetadata>(operation: &str, error: &SdkError<E>) -> Self {
        Self::Aws(failure(operation, error))
    }

    /// A request could not be built, because something that it must have is not there.
    fn incomplete(error: &BuildError) -> Self {
        Self::Aws(error.to_string())
    }
}
