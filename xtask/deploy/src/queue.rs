//! The restore queue, its dead letters, and packages without a message.
//!
//! Nothing here receives from the restore queue, because that would use up one of a message's receives.

mod age;
mod dead_letters;
mod platform_database;
mod reason;
mod sending;
mod stuck;

use anyhow::{Context, Result};
use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::QueueAttributeName;
use chrono::TimeDelta;
use stack::{Environment, OutputName};

pub use self::dead_letters::{DeadLetter, DeadLetters, Redriven};
pub use self::platform_database::connect as connect_to_platform_database;
pub use self::reason::Rows;
pub use self::stuck::{missing_messages, send};
use crate::connection::Connection;
use crate::deployed_stack::{DeployedStack, Outputs};

/// The two queues of an environment.
pub struct Queues {
    client: Client,
    metrics: aws_sdk_cloudwatch::Client,
    /// The URL of the restore queue.
    pub restore: String,
    /// The URL of its dead-letter queue.
    pub dead_letters: String,
}

/// The approximate number of messages in a queue, as SQS reports it.
pub struct Depth {
    /// Messages that can be received.
    pub waiting: u32,
    /// Messages that were received and not deleted yet.
    pub in_flight: u32,
}

impl Queues {
    /// Finds the queues of an environment.
    pub async fn find(environment: &Environment, connection: &Connection) -> Result<Self> {
        let cloudformation = connection.cloudformation();
        Self::of(connection, &DeployedStack::get(&cloudformation, environment).await?.outputs)
    }

    /// Returns the queues that the outputs of a stack name.
    pub(crate) fn of(connection: &Connection, outputs: &Outputs) -> Result<Self> {
        Ok(Self {
            client: connection.sqs(),
            metrics: connection.cloudwatch(),
            restore: outputs.get(OutputName::RestoreQueueUrl)?.to_owned(),
            dead_letters: outputs.get(OutputName::RestoreDeadLetterQueueUrl)?.to_owned(),
        })
    }

    /// Returns the number of messages in a queue.
    pub async fn depth(&self, queue_url: &str) -> Result<Depth> {
        let waiting = QueueAttributeName::ApproximateNumberOfMessages;
        let in_flight = QueueAttributeName::ApproximateNumberOfMessagesNotVisible;
        let request = self.client.get_queue_attributes().queue_url(queue_url);
        let request = request.attribute_names(waiting.clone()).attribute_names(in_flight.clone());
        let response = request
            .send()
            .await
            .with_context(|| format!("cannot read the attributes of queue {queue_url}"))?;
        let attributes = response.attributes.unwrap_or_default();
        let count = |name| attributes.get(name).and_then(|count| count.parse().ok());
        let depth = (|| Some(Depth { waiting: count(&waiting)?, in_flight: count(&in_flight)? }))();
        depth.with_context(|| format!("SQS returned no number of messages for {queue_url}"))
    }

    /// Returns the age of the oldest message in a queue, according to CloudWatch.
    pub async fn age_of_oldest(&self, queue_url: &str) -> Result<Option<TimeDelta>> {
        age::read(&self.metrics, queue_url).await
    }
}
