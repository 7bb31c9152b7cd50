//! The restore function: batches of messages.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent, SqsMessage};
use futures_util::stream::{self, StreamExt as _};
use tokio::sync::OnceCell;
use tokio::time::{Instant, timeout_at};
use tracing::Instrument as _;

use super::error::RestoreError;
use super::message::MessageHandler;
use super::record::{EndedMessage, FailedMessage, MessageRecord};
use super::records::DeleteRecords;
use super::redelivery;
use crate::clock;
use crate::configuration::RestoreSettings;
use crate::logging;
use crate::platform::aws::{Aws, TimeLimits};
use crate::platform::database::Database;
use crate::telemetry::{Activity, Invocation, Telemetry};

/// The part of a batch's time that is reserved for returning messages.
const TIME_TO_RESPOND: Duration = Duration::from_secs(5);
/// The time limit for changing when a failed message is received again.
const SCHEDULE_TIME: Duration = Duration::from_secs(4);
/// The same limit after the end of the batch's time.
const LATE_SCHEDULE_TIME: Duration = Duration::from_secs(2);

/// The number of messages that are handled at the same time.
///
/// A large folder does not delay the messages behind it until the time of the batch is over. Each message has
/// its own connection.
const MESSAGES_IN_FLIGHT: usize = 2;

/// The restore function. Building it opens no connection and calls no service.
pub struct RestoreFunction {
    settings: RestoreSettings,
    aws: Arc<Aws>,
    database: Database,
    records: OnceCell<DeleteRecords>,
    telemetry: Telemetry,
}

impl RestoreFunction {
    /// Creates the function with these settings.
    pub fn new(settings: RestoreSettings) -> Self {
        let aws = Arc::new(Aws::new(&settings.common, TimeLimits::ForMessages));
        let database = Database::new(&settings.common, Arc::clone(&aws));
        let telemetry = Telemetry::new(&settings.common.telemetry);
        Self { settings, aws, database, records: OnceCell::new(), telemetry }
    }

    /// Restores the packages in a batch of messages, and returns which messages failed.
    ///
    /// Messages that would exceed the deadline are returned in time. A failed message does not affect others.
    pub async fn restore_batch(
        &self,
        invocation: &Invocation,
        event: SqsEvent,
        deadline: SystemTime,
    ) -> SqsBatchResponse {
        let is_cold_start = self.telemetry.is_cold_start();
        let time_left = deadline.duration_since(clock::now()).unwrap_or_default();
        let end = Instant::now() + time_left.saturating_sub(TIME_TO_RESPOND);
        let messages =
            event.records.iter().map(|message| self.observe(invocation, message, end, is_cold_start));
        let failed: Vec<Option<String>> =
            stream::iter(messages).buffer_unordered(MESSAGES_IN_FLIGHT).collect().await;
        let mut response = SqsBatchResponse::default();
        response.set_failures(failed.into_iter().flatten());
        response
    }

    /// Restores the package of a message, and tells what became of it.
    ///
    /// Returns the id of the message if it failed.
    async fn observe(
        &self,
        invocation: &Invocation,
        message: &SqsMessage,
        end: Instant,
        is_cold_start: bool,
    ) -> Option<String> {
        let id = message.message_id.as_deref().unwrap_or_default();
        // The trace of the request that has sent the message:
        // https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-metadata.html.
        let cause = message.attributes.get("AWSTraceHeader").and_then(|header| header.parse().ok());
        let activity = Activity::caused_by(cause, invocation);
        let mut record = MessageRecord::default();
        let span = logging::message(id, activity.trace());
        // Boxed, because the type of the future is too deep for the compiler.
        let restore = Box::pin(self.restore_in_time(message, id, end, &mut record));
        let failed = activity.observe(restore).instrument(span).await.err();
        let receives = redelivery::receives(message);
        let ended = EndedMessage { id, receives, record, failed: failed.as_ref() };
        let ending = ended.ending(&activity, is_cold_start);
        self.telemetry.end(activity, invocation, ending);
        failed.map(|_| id.to_owned())
    }

    /// Restores the package of a message before the end of the batch.
    async fn restore_in_time(
        &self,
        message: &SqsMessage,
        id: &str,
        end: Instant,
        record: &mut MessageRecord,
    ) -> Result<(), FailedMessage> {
        let restore = self.restore(id, message.body.as_deref().unwrap_or_default(), record);
        let outcome = timeout_at(end, restore).await.unwrap_or(Err(RestoreError::OutOfTime));
        match outcome {
            Ok(()) => Ok(()),
            Err(error) => Err(FailedMessage { error, retry: self.schedule(message, end).await }),
        }
    }

    async fn restore(
        &self,
        message_id: &str,
        body: &str,
        record: &mut MessageRecord,
    ) -> Result<(), RestoreError> {
        let table = self.settings.delete_record_table.clone()?;
        let records =
            self.records.get_or_init(async || DeleteRecords::new(self.aws.dynamodb().await, table)).await;
        let handler = MessageHandler {
            aws: &self.aws,
            database: &self.database,
            records,
            jobs_queue_url: &self.settings.jobs_queue_url.clone()?,
            message_id,
        };
        handler.handle(body, record).await
    }

    /// Changes when a failed message is received again.
    ///
    /// Returns the delay in seconds. The batch ends at `end`.
    async fn schedule(&self, message: &SqsMessage, end: Instant) -> Result<u32, RestoreError> {
        let queue_url = self.settings.restore_queue_url.clone()?;
        let limit = (Instant::now() + SCHEDULE_TIME).min(end + LATE_SCHEDULE_TIME);
        let schedule = async { redelivery::schedule(self.aws.sqs().await, &queue_url, message).await };
        timeout_at(limit, schedule).await.unwrap_or(Err(RestoreError::OutOfTime))
    }
}
