//! Invokes a function with the messages of a queue, like an event source mapping of Lambda:
//! <https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html>.
//!
//! The poller changes no visibility timeout, so a change by the function holds. Messages that succeeded are deleted.
//! Messages that failed stay in the queue: they become visible again after their visibility timeout, or earlier if the
//! function shortened it. After the maximum number of receives, the redrive policy of the queue moves them to the
//! dead-letter queue.

mod batches;
mod event;
mod fleet;
mod gathering;
mod outcome;

use std::sync::Arc;
use std::time::{Duration, Instant};

use aws_sdk_sqs::Client;
use aws_sdk_sqs::config::timeout::TimeoutConfig;
use aws_sdk_sqs::types::{DeleteMessageBatchRequestEntry, Message, MessageSystemAttributeName};
use chrono::Utc;
use cloudwatch::Metric;
use machine::causes::with_causes;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use crate::control_plane::EventSourceMapping;
use crate::pool::{FunctionPool, InvocationOutcome};
pub(crate) use fleet::Pollers;
use gathering::{Gathering, Receive};
use outcome::BatchOutcome;

/// `DeleteMessageBatch` takes at most ten messages.
const LARGEST_DELETION: usize = 10;

const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);

/// The pause before the next request to a queue that did not respond.
const PAUSE_AFTER_ERROR: Duration = Duration::from_secs(1);

/// Number of concurrent batches if the mapping sets no limit; Lambda starts with the same.
const DEFAULT_CONCURRENCY: u16 = 5;

/// The reason why a queue cannot be polled.
#[derive(Debug, thiserror::Error)]
pub enum PollerError {
    /// The queue does not exist, or SQS does not respond.
    #[error("cannot find queue {queue}: {message}; look at the events of the stack, then deploy it again")]
    QueueUrl {
        /// Name of the queue.
        queue: String,
        /// The error of SQS.
        message: String,
    },
    /// The function of the mapping is not deployed.
    #[error(
        "no function is deployed for queue {queue}; look at the events of the stack, then deploy it again"
    )]
    NoFunction {
        /// Name of the queue.
        queue: String,
    },
    /// The role of the function lacks a permission for the queue.
    #[error("role {role} cannot read queue {queue}, so Lambda cannot poll it: {message}")]
    Denied {
        /// Name of the queue.
        queue: String,
        /// Name of the role.
        role: String,
        /// The error of SQS.
        message: String,
    },
}

/// A poller of one event source mapping.
pub struct Poller {
    mapping: EventSourceMapping,
    queue_url: String,
    /// Acts with the role of the function.
    sqs: Client,
    pool: FunctionPool,
}

impl Poller {
    /// Creates a poller after looking up the URL of the queue.
    ///
    /// Lambda itself finds the queue. Everything else it does with the role of the function, whose permissions it checks
    /// first: <https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html>.
    pub async fn new(
        mapping: EventSourceMapping,
        sqs: &Client,
        pool: FunctionPool,
    ) -> Result<Self, PollerError> {
        let timeouts = TimeoutConfig::builder().operation_timeout(REQUEST_TIMEOUT).build();
        let sqs = Client::from_conf(sqs.config().to_builder().timeout_config(timeouts).build());
        let queue = mapping.queue.name.clone();
        let response = sqs.get_queue_url().queue_name(&queue).send().await;
        let url = response
            .map_err(|error| with_causes(&error))
            .and_then(|response| response.queue_url.ok_or_else(|| "the response names no URL".to_owned()));
        let queue_url = url.map_err(|message| PollerError::QueueUrl { queue: queue.clone(), message })?;
        let role = pool
            .role(&mapping.function.name)
            .ok_or_else(|| PollerError::NoFunction { queue: queue.clone() })?;
        let sqs = pool.roles().sqs(&sqs, &role);
        let attributes = sqs.get_queue_attributes().queue_url(&queue_url).send().await;
        attributes.map_err(|error| PollerError::Denied {
            queue,
            role: role.role,
            message: with_causes(&error),
        })?;
        Ok(Self { mapping, queue_url, sqs, pool })
    }

    /// Polls until `shutdown` completes or `retired` becomes true, then waits for the batches in progress.
    ///
    /// Stopping the pool ends those early. A retired poller first finishes the request to its queue that is under way:
    /// a message that it receives would otherwise be invisible to the next poller until its visibility timeout.
    pub async fn run(self, retired: watch::Receiver<bool>, shutdown: impl Future<Output = ()>) {
        let concurrency = self.mapping.maximum_concurrency.unwrap_or(DEFAULT_CONCURRENCY);
        let permits = Arc::new(Semaphore::new(concurrency.into()));
        let poller = Arc::new(self);
        let mut batches = JoinSet::new();
        tokio::pin!(shutdown);
        while !*retired.borrow() {
            // Wait for capacity before receiving messages: their visibility timeout starts when they are received.
            let next = async {
                let permit = Arc::clone(&permits).acquire_owned().await;
                (permit, poller.gather(&retired).await)
            };
            let (permit, messages) = tokio::select! {
                biased;
                () = &mut shutdown => break,
                next = next => next,
            };
            while batches.try_join_next().is_some() {}
            if !messages.is_empty() {
                let poller = Arc::clone(&poller);
                batches.spawn(async move {
                    for batch in batches::split(&poller.mapping.queue, messages) {
                        poller.handle(batch).await;
                    }
                    drop(permit);
                });
            }
        }
        batches.join_all().await;
    }

    /// Gathers the messages of the next batch. Returns none if the queue is empty.
    ///
    /// A retired poller does not wait for the rest of the window.
    async fn gather(&self, retired: &watch::Receiver<bool>) -> Vec<Message> {
        let gathering =
            Gathering { batch_size: self.mapping.batch_size, window: self.mapping.batching_window };
        let mut messages = self.receive(gathering.first()).await;
        let begun = Instant::now();
        while !messages.is_empty()
            && !*retired.borrow()
            && let Some(next) = gathering.next(messages.len(), begun, Instant::now())
        {
            messages.extend(self.receive(next).await);
        }
        messages
    }

    /// Receives messages.
    ///
    /// Returns none if the queue is empty, or after a pause if it does not respond.
    async fn receive(&self, request: Receive) -> Vec<Message> {
        let received = self
            .sqs
            .receive_message()
            .queue_url(&self.queue_url)
            .max_number_of_messages(request.messages.into())
            .wait_time_seconds(i32::try_from(request.seconds).unwrap_or(i32::MAX))
            .message_system_attribute_names(MessageSystemAttributeName::All)
            .message_attribute_names("All")
            .send()
            .await;
        match received {
            Ok(response) => {
                let messages = response.messages.unwrap_or_default();
                self.publish(messages.len());
                messages
            }
            Err(error) => {
                tracing::warn!(queue = self.mapping.queue.name, "cannot receive: {}", with_causes(&error));
                tokio::time::sleep(PAUSE_AFTER_ERROR).await;
                Vec::new()
            }
        }
    }

    /// Publishes the number of received messages, as SQS does after a request that received some:
    /// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html>.
    fn publish(&self, received: usize) {
        if received == 0 {
            return;
        }
        let queue = [("QueueName", self.mapping.queue.name.as_str())];
        let metric = Metric::new("AWS/SQS", "NumberOfMessagesReceived", queue);
        let received = f64::from(u32::try_from(received).unwrap_or(u32::MAX));
        self.pool.metrics().record(&metric, "Count", received, Utc::now().timestamp());
    }

    /// Invokes the function with a batch and deletes the messages that succeeded.
    async fn handle(&self, messages: Vec<Message>) {
        let event = event::from_messages(&self.mapping.queue, &messages);
        let ids: Vec<&str> = messages.iter().filter_map(Message::message_id).collect();
        let started = Instant::now();
        let outcome = match self.pool.invoke(&self.mapping.function.name, event).await {
            Ok(InvocationOutcome::Response(response)) if self.mapping.reports_batch_item_failures => {
                BatchOutcome::from_response(&response, &ids)
            }
            Ok(InvocationOutcome::Response(_)) => BatchOutcome::AllSucceeded,
            Ok(InvocationOutcome::FunctionError(_)) => BatchOutcome::AllFailed("a function error".to_owned()),
            Err(error) => BatchOutcome::AllFailed(error.to_string()),
        };
        let queue = &self.mapping.queue.name;
        match &outcome {
            BatchOutcome::AllSucceeded => {
                let (count, time) = (messages.len(), started.elapsed().as_millis());
                tracing::info!(target: machine::ACTIVITY, "{queue}: {count} messages handled, {time} ms");
            }
            BatchOutcome::SomeFailed(failed) => {
                tracing::warn!(queue, "{} of {} messages failed", failed.len(), messages.len());
            }
            BatchOutcome::AllFailed(reason) => {
                tracing::warn!(queue, "all {} messages of a batch failed: {reason}", messages.len());
            }
        }
        let succeeded =
            messages.iter().filter(|message| outcome.is_success(message.message_id().unwrap_or_default()));
        self.delete(succeeded.filter_map(Message::receipt_handle)).await;
    }

    async fn delete(&self, receipt_handles: impl Iterator<Item = &str>) {
        let receipt_handles: Vec<&str> = receipt_handles.collect();
        for some in receipt_handles.chunks(LARGEST_DELETION) {
            self.delete_some(some).await;
        }
    }

    async fn delete_some(&self, receipt_handles: &[&str]) {
        let entries = receipt_handles.iter().enumerate().filter_map(|(index, handle)| {
            let entry = DeleteMessageBatchRequestEntry::builder()
                .id(index.to_string())
                .receipt_handle(*handle)
                .build();
            // Building cannot fail, because both required fields are set.
            entry.ok()
        });
        let entries: Vec<_> = entries.collect();
        let deleted = self
            .sqs
            .delete_message_batch()
            .queue_url(&self.queue_url)
            .set_entries(Some(entries))
            .send()
            .await;
        let queue = &self.mapping.queue.name;
        match deleted {
            Ok(response) if response.failed.is_empty() => {}
            Ok(response) => {
                tracing::warn!(queue, "{} handled messages were not deleted", response.failed.len());
            }
            Err(error) => {
                tracing::warn!(queue, "handled messages were not deleted: {}", with_causes(&error));
            }
        }
    }
}

#[cfg(test)]
mod tests;
