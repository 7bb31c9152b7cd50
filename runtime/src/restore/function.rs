//! The restore function: batches of messages.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent, SqsMessage};
use futures_util::stream::{self, StreamExt as _};
use tokio::sync::OnceCell;
use tokio::time::{Instant, timeout_at};

use super::error::RestoreError;
use super::message::MessageHandler;
use super::records::DeleteRecords;
use super::redelivery;
use crate::clock;
use crate::configuration::RestoreSettings;
use crate::platform::aws::{Aws, TimeLimits};
use crate::platform::database::Database;

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
}

impl RestoreFunction {
    /// Creates the function with these settings.
    pub fn new(settings: RestoreSettings) -> Self {
        let aws = Arc::new(Aws::new(&settings.common, TimeLimits::ForMessages));
        let database = Database::new(&settings.common, Arc::clone(&aws));
        Self { settings, aws, database, records: OnceCell::new() }
    }

    /// Restores the packages in a batch of messages, and returns which messages failed.
    ///
    /// Messages that would exceed the deadline are returned in time. A failed message does not affect others.
    pub async fn restore_batch(&self, event: SqsEvent, deadline: SystemTime) -> SqsBatchResponse {
        let time_left = deadline.duration_since(clock::now()).unwrap_or_default();
        let end = Instant::now() + time_left.saturating_sub(TIME_TO_RESPOND);
        let messages = event.records.iter().map(|message| self.restore_in_time(message, end));
        let failed: Vec<Option<String>> =
            stream::iter(messages).buffer_unordered(MESSAGES_IN_FLIGHT).collect().await;
        let mut response = SqsBatchResponse::default();
        response.set_failures(failed.into_iter().flatten());
        response
    }

    /// Restores the package of a message before the end of the batch.
    ///
    /// Returns the id of the message if it failed.
    async fn restore_in_time(&self, message: &SqsMessage, end: Instant) -> Option<String> {
        let message_id = message.message_id.as_deref().unwrap_or_default();
        // Boxed, because the type of the future is too deep for the compiler.
        let restore = Box::pin(self.restore(message_id, message.body.as_deref().unwrap_or_default()));
        let error = timeout_at(end, restore).await.unwrap_or(Err(RestoreError::OutOfTime)).err()?;
        match self.schedule(message, end).await {
            Ok(seconds) => {
                tracing::error!(message_id, %error, retry_in_seconds = seconds, "message failed");
            }
            Err(cause) => tracing::error!(
                message_id, %error, %cause,
                "message failed; it is received again after the visibility timeout of the queue"
            ),
        }
        Some(message_id.to_owned())
    }

    async fn restore(&self, message_id: &str, body: &str) -> Result<(), RestoreError> {
        let table = self.settings.delete_record_table.clone()?;
        let records = self.records.get_or_init(async || {
            DeleteRecords::new(aws_sdk_dynamodb::Client::new(self.aws.configuration().await), table)
        });
        let handler = MessageHandler {
            aws: &self.aws,
            database: &self.database,
            records: records.await,
            jobs_queue_url: &self.settings.jobs_queue_url.clone()?,
            message_id,
        };
        handler.handle(body).await
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
