//! Looking at dead letters, and moving them back.
//!
//! By receiving, sending and deleting, in that order and not by `StartMessageMoveTask`, which would move what cannot be
//! restored too, and at a speed of its own. Should this die in the middle, a message is in both queues at worst; the
//! restore function restores a package once, however often it is asked to.

use std::collections::HashSet;

use anyhow::{Context, Result, bail};
use aws_sdk_sqs::types::{
    ChangeMessageVisibilityBatchRequestEntry, DeleteMessageBatchRequestEntry, Message,
    MessageSystemAttributeName, SendMessageBatchRequestEntry,
};
use chrono::{DateTime, Utc};
use openapi::RestoreMessage;

use super::Queues;

/// The most that SQS takes, and gives, in one call.
const MESSAGES_A_CALL: i32 = 10;
/// How long a letter is hidden from others while it is looked at, or moved. A run that dies leaves it hidden so long.
const HIDDEN_SECONDS: i32 = 60;
/// Long polling asks all of SQS's servers; without it, an empty answer means little:
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-short-and-long-polling.html>.
const WAIT_SECONDS: i32 = 1;
/// More than anybody reads.
const SHOWN: usize = 100;

/// A message that was received too often.
pub(super) struct DeadLetter {
    pub(super) message_id: String,
    /// What it asks for; else why it is no restore message.
    pub(super) content: Result<RestoreMessage, serde_json::Error>,
    /// When it was sent to the restore queue.
    pub(super) sent: Option<DateTime<Utc>>,
    /// How often it was received, in both queues.
    pub(super) receives: u32,
    body: String,
    receipt: String,
}

/// What became of the dead letters.
#[derive(Default)]
pub(super) struct Redriven {
    pub(super) moved: usize,
    pub(super) left: usize,
}

/// The dead letters of an environment.
pub(super) struct DeadLetters<'a> {
    queues: &'a Queues,
}

impl<'a> DeadLetters<'a> {
    pub(super) fn new(queues: &'a Queues) -> Self {
        Self { queues }
    }

    /// The first dead letters; they can be received by others again at once.
    pub(super) async fn look(&self) -> Result<Vec<DeadLetter>> {
        let mut letters: Vec<DeadLetter> = Vec::new();
        while letters.len() < SHOWN {
            let received = self.receive().await?;
            if received.is_empty() {
                break;
            }
            letters.extend(received);
        }
        self.show_again(&letters).await?;
        letters.sort_by_key(|letter| letter.sent);
        Ok(letters)
    }

    /// Move all that are restore messages back to the restore queue.
    pub(super) async fn move_back(&self) -> Result<Redriven> {
        let mut outcome = Redriven::default();
        loop {
            let received = self.receive().await?;
            if received.is_empty() {
                return Ok(outcome);
            }
            let (good, bad): (Vec<_>, Vec<_>) =
                received.into_iter().partition(|letter| letter.content.is_ok());
            // They stay hidden until nothing else is left to receive.
            outcome.left += bad.len();
            if good.is_empty() {
                continue;
            }
            let sent = self.send(&good).await?;
            let moved: Vec<&DeadLetter> =
                good.iter().filter(|letter| sent.contains(&letter.message_id)).collect();
            self.delete(&moved).await?;
            outcome.moved += moved.len();
            if moved.len() < good.len() {
                bail!(
                    "SQS did not take {} messages; they are dead letters still, and {} were moved. Try again.",
                    good.len() - moved.len(),
                    outcome.moved
                );
            }
        }
    }

    async fn receive(&self) -> Result<Vec<DeadLetter>> {
        let answer = self
            .queues
            .client
            .receive_message()
            .queue_url(&self.queues.dead_letters)
            .max_number_of_messages(MESSAGES_A_CALL)
            .visibility_timeout(HIDDEN_SECONDS)
            .wait_time_seconds(WAIT_SECONDS)
            .message_system_attribute_names(MessageSystemAttributeName::SentTimestamp)
            .message_system_attribute_names(MessageSystemAttributeName::ApproximateReceiveCount)
            .send()
            .await
            .context("cannot receive dead letters")?;
        Ok(answer.messages.unwrap_or_default().into_iter().map(DeadLetter::read).collect())
    }

    async fn show_again(&self, letters: &[DeadLetter]) -> Result<()> {
        for chunk in letters.chunks(MESSAGES_A_CALL.unsigned_abs() as usize) {
            let entries = chunk.iter().map(|letter| {
                let entry = ChangeMessageVisibilityBatchRequestEntry::builder().id(&letter.message_id);
                entry.receipt_handle(&letter.receipt).visibility_timeout(0).build()
            });
            let entries = entries.collect::<Result<Vec<_>, _>>()?;
            let change = self.queues.client.change_message_visibility_batch();
            let change = change.queue_url(&self.queues.dead_letters).set_entries(Some(entries));
            change.send().await.context("the dead letters stay hidden for a minute")?;
        }
        Ok(())
    }

    /// Send letters to the restore queue, and return the ids of those that it took.
    async fn send(&self, letters: &[DeadLetter]) -> Result<HashSet<String>> {
        let entries = letters.iter().map(|letter| {
            SendMessageBatchRequestEntry::builder().id(&letter.message_id).message_body(&letter.body).build()
        });
        let entries = entries.collect::<Result<Vec<_>, _>>()?;
        let send = self.queues.client.send_message_batch().queue_url(&self.queues.restore);
        let answer = send.set_entries(Some(entries)).send().await;
        let answer =
            answer.context("the restore queue takes no messages; those not moved are dead letters still")?;
        Ok(answer.successful().iter().map(|entry| entry.id().to_owned()).collect())
    }

    /// Delete letters that were sent. One that could not be deleted is restored twice, which does nothing.
    async fn delete(&self, letters: &[&DeadLetter]) -> Result<()> {
        let entries = letters.iter().map(|letter| {
            DeleteMessageBatchRequestEntry::builder()
                .id(&letter.message_id)
                .receipt_handle(&letter.receipt)
                .build()
        });
        let entries = entries.collect::<Result<Vec<_>, _>>()?;
        if entries.is_empty() {
            return Ok(());
        }
        let delete = self.queues.client.delete_message_batch().queue_url(&self.queues.dead_letters);
        let deleted = delete.set_entries(Some(entries)).send().await;
        deleted.context("messages were moved and are dead letters still; moving them again does no harm")?;
        Ok(())
    }
}

impl DeadLetter {
    fn read(message: Message) -> Self {
        let attributes = message.attributes.unwrap_or_default();
        let attribute = |name| attributes.get(&name).and_then(|value| value.parse::<i64>().ok());
        let sent = attribute(MessageSystemAttributeName::SentTimestamp);
        let receives = attribute(MessageSystemAttributeName::ApproximateReceiveCount).unwrap_or_default();
        let body = message.body.unwrap_or_default();
        Self {
            message_id: message.message_id.unwrap_or_default(),
            content: serde_json::from_str(&body),
            sent: sent.and_then(DateTime::from_timestamp_millis),
            receives: u32::try_from(receives).unwrap_or_default(),
            body,
            receipt: message.receipt_handle.unwrap_or_default(),
        }
    }
}
