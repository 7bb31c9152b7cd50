//! Reads dead letters, and moves them back to the restore queue.
//!
//! Messages are received, sent, and deleted, in that order. `StartMessageMoveTask` is not used, because it would also
//! move messages that cannot be restored, and at its own rate. If the process ends midway, a message is in both
//! queues at worst. The restore function restores a package only once, however many messages it receives for it.

use std::collections::HashMap;

use anyhow::{Context, Result, bail};
use aws_sdk_sqs::types::{
    ChangeMessageVisibilityBatchRequestEntry, DeleteMessageBatchRequestEntry, Message,
    MessageSystemAttributeName,
};
use chrono::{DateTime, Utc};
use openapi::{MalformedMessage, ReceivedRestoreMessage};

use super::Queues;
use super::sending::MESSAGES_PER_BATCH;

/// How long a message is hidden from other receivers while it is read or moved.
///
/// It stays hidden for that time even if the process is killed.
const HIDDEN_SECONDS: i32 = 60;
/// How long to poll for messages, in seconds.
///
/// Long polling queries all of SQS's servers. Without it, an empty response does not mean an empty queue:
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-short-and-long-polling.html>.
const WAIT_SECONDS: i32 = 1;
/// The number of messages after which reading stops, more than a person reads.
const SHOWN: usize = 100;

/// A message that was received too many times.
pub struct DeadLetter {
    /// The ID of the message.
    pub message_id: String,
    /// The restore message as the restore function reads it, or why it is not one.
    pub content: Result<ReceivedRestoreMessage, MalformedMessage>,
    /// When the message was sent to the restore queue.
    pub sent: Option<DateTime<Utc>>,
    /// How many times the message was received, in both queues.
    pub receives: u32,
    body: String,
    receipt: String,
}

/// The result of moving dead letters back.
pub struct Redriven {
    /// How many messages were moved to the restore queue.
    pub moved: usize,
    /// How many messages were left because they are not restore messages.
    pub left: usize,
}

/// Dead letters that were received, without duplicates.
///
/// A message that is neither moved nor deleted can be received again after a minute.
#[derive(Default)]
struct SeenLetters(HashMap<String, DeadLetter>);

impl SeenLetters {
    /// Adds messages, and returns whether one of them is new.
    ///
    /// A message received again replaces the earlier one.
    fn add(&mut self, letters: Vec<DeadLetter>) -> bool {
        let before = self.0.len();
        self.0.extend(letters.into_iter().map(|letter| (letter.message_id.clone(), letter)));
        self.0.len() > before
    }

    fn into_letters(self) -> Vec<DeadLetter> {
        let mut letters: Vec<DeadLetter> = self.0.into_values().collect();
        letters.sort_by(|one, other| (one.sent, &one.message_id).cmp(&(other.sent, &other.message_id)));
        letters
    }
}

/// The dead letters of an environment.
pub struct DeadLetters<'a> {
    queues: &'a Queues,
}

impl<'a> DeadLetters<'a> {
    /// Creates a reader for the dead letters of these queues.
    pub fn new(queues: &'a Queues) -> Self {
        Self { queues }
    }

    /// Returns the first dead letters. Afterwards, other receivers can receive them at once.
    pub async fn peek(&self) -> Result<Vec<DeadLetter>> {
        let mut seen = SeenLetters::default();
        // A batch without a new message begins the second round, so all were received.
        while seen.0.len() < SHOWN && seen.add(self.receive().await?) {}
        let letters = seen.into_letters();
        self.make_visible(&letters).await?;
        Ok(letters)
    }

    /// Moves all dead letters that are restore messages back to the restore queue.
    pub async fn redrive(&self) -> Result<Redriven> {
        let mut moved_count = 0;
        // These stay hidden until no other message is left to receive. They reappear if that takes longer than a
        // minute.
        let mut left = SeenLetters::default();
        let mut batches_without_new_messages = 0;
        loop {
            let received = self.receive().await?;
            let is_empty = received.is_empty();
            let (good, bad): (Vec<_>, Vec<_>) =
                received.into_iter().partition(|letter| letter.content.is_ok());
            let has_new_message = left.add(bad);
            batches_without_new_messages =
                if has_new_message || !good.is_empty() { 0 } else { batches_without_new_messages + 1 };
            if is_empty || batches_without_new_messages > left.0.len() {
                let left = left.into_letters();
                self.make_visible(&left).await?;
                return Ok(Redriven { moved: moved_count, left: left.len() });
            }
            if good.is_empty() {
                continue;
            }
            let moved = self.send(&good).await?;
            self.delete(&moved).await?;
            moved_count += moved.len();
            if moved.len() < good.len() {
                bail!(
                    "SQS did not accept {} messages; they are still dead letters, and {moved_count} were \
                     moved; run the command again",
                    good.len() - moved.len(),
                );
            }
        }
    }

    async fn receive(&self) -> Result<Vec<DeadLetter>> {
        let response = self
            .queues
            .client
            .receive_message()
            .queue_url(&self.queues.dead_letters)
            .max_number_of_messages(i32::try_from(MESSAGES_PER_BATCH)?)
            .visibility_timeout(HIDDEN_SECONDS)
            .wait_time_seconds(WAIT_SECONDS)
            .message_system_attribute_names(MessageSystemAttributeName::SentTimestamp)
            .message_system_attribute_names(MessageSystemAttributeName::ApproximateReceiveCount)
            .send()
            .await
            .context("cannot receive dead letters")?;
        Ok(response.messages.unwrap_or_default().into_iter().map(DeadLetter::read).collect())
    }

    async fn make_visible(&self, letters: &[DeadLetter]) -> Result<()> {
        for chunk in letters.chunks(MESSAGES_PER_BATCH) {
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

    /// Sends messages to the restore queue, and returns those that were accepted.
    async fn send<'b>(&self, letters: &'b [DeadLetter]) -> Result<Vec<&'b DeadLetter>> {
        let bodies: Vec<&str> = letters.iter().map(|letter| letter.body.as_str()).collect();
        let accepted = self.queues.send_batch(&bodies).await;
        let accepted = accepted
            .context("the restore queue accepts no messages; those not moved are still dead letters")?;
        let letters = letters.iter().enumerate();
        Ok(letters.filter(|(position, _)| accepted.contains(position)).map(|(_, letter)| letter).collect())
    }

    /// Deletes messages that were sent.
    ///
    /// One that could not be deleted is processed twice, which is harmless.
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
        deleted.context("messages were moved but are still dead letters; moving them again does no harm")?;
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
            content: ReceivedRestoreMessage::parse(&body),
            sent: sent.and_then(DateTime::from_timestamp_millis),
            receives: u32::try_from(receives).unwrap_or_default(),
            body,
            receipt: message.receipt_handle.unwrap_or_default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_sqs::types::{Message, MessageSystemAttributeName};

    use super::{DeadLetter, SeenLetters};

    fn letter(id: &str, receipt: &str, body: &str) -> DeadLetter {
        let message = Message::builder().message_id(id).receipt_handle(receipt).body(body);
        DeadLetter::read(
            message.attributes(MessageSystemAttributeName::SentTimestamp, "1545082649183").build(),
        )
    }

    #[test]
    fn letter_that_comes_back_is_counted_once() {
        let mut seen = SeenLetters::default();
        assert!(seen.add(vec![letter("a", "1", "no message"), letter("b", "2", "no message")]));
        assert!(!seen.add(vec![letter("a", "3", "no message")]), "nothing new");
        assert!(seen.add(vec![letter("b", "4", "no message"), letter("c", "5", "no message")]));
        assert!(!seen.add(Vec::new()));
        let letters = seen.into_letters();
        let receipts: Vec<&str> = letters.iter().map(|letter| letter.receipt.as_str()).collect();
        assert_eq!(receipts, ["3", "4", "5"]);
    }

    #[test]
    fn letter_that_the_restore_function_accepts_is_a_restore_message() {
        let package = r#"{"id":107,"nodeId":"N:package:1","type":99}"#;
        let body = format!(r#"{{"orgId":2,"datasetId":1,"userId":"N:user:1","package":{package}}}"#);
        assert!(letter("a", "1", &body).content.is_ok(), "a new type, and no name");
        let error = letter("a", "1", r#"{"orgId":"secret"}"#).content.unwrap_err().to_string();
        assert!(!error.contains("secret"), "{error}");
    }
}
