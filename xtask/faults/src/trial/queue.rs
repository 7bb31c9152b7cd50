//! The restore queue of a trial.
//!
//! A message is received, sent to the function, and received again if that failed.

use aws_sdk_sqs::types::{MessageSystemAttributeName, QueueAttributeName};
use openapi::RESTORE_QUEUE_VISIBILITY_SECONDS;
use uuid::Uuid;

use super::{Trial, TrialError};

/// A message as the function receives it.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// The message's id.
    pub id: String,
    /// The message's body.
    pub body: String,
    /// Number of times the message was received.
    pub receives: u32,
    pub(super) receipt: String,
}

impl Delivery {
    /// Creates the first delivery of a message that is not in a queue and cannot be delivered again.
    pub fn new(body: String) -> Self {
        Self { id: Uuid::new_v4().to_string(), body, receives: 1, receipt: "none".to_owned() }
    }
}

/// Creates a queue with the visibility timeout of the deployed queue and returns its URL.
pub(super) async fn create(sqs: &aws_sdk_sqs::Client, name: String) -> Result<String, TrialError> {
    let visibility = RESTORE_QUEUE_VISIBILITY_SECONDS.to_string();
    let create =
        sqs.create_queue().queue_name(name).attributes(QueueAttributeName::VisibilityTimeout, visibility);
    let created = create.send().await.map_err(|error| TrialError::aws("CreateQueue")(error.into()))?;
    Ok(created.queue_url.unwrap_or_default())
}

impl Trial {
    /// Sends a message to the restore queue of the trial.
    pub async fn send(&self, body: String) -> Result<(), TrialError> {
        let send = self.sqs.send_message().queue_url(&self.restore_queue_url).message_body(body).send().await;
        send.map(drop).map_err(|error| TrialError::aws("SendMessage")(error.into()))
    }

    /// Receives the next message of the restore queue.
    ///
    /// Waits for one for up to 20 seconds, the limit of SQS.
    pub async fn receive(&self) -> Result<Option<Delivery>, TrialError> {
        let count = MessageSystemAttributeName::ApproximateReceiveCount;
        let receive = self.sqs.receive_message().queue_url(&self.restore_queue_url).wait_time_seconds(20);
        let answer = receive.message_system_attribute_names(count.clone()).send().await;
        let answer = answer.map_err(|error| TrialError::aws("ReceiveMessage")(error.into()))?;
        let message = answer.messages.unwrap_or_default().pop();
        Ok(message.map(|message| Delivery {
            receives: (|| message.attributes.as_ref()?.get(&count)?.parse().ok())().unwrap_or_default(),
            id: message.message_id.unwrap_or_default(),
            body: message.body.unwrap_or_default(),
            receipt: message.receipt_handle.unwrap_or_default(),
        }))
    }

    /// Makes a message visible immediately, so that the next delivery needs no waiting.
    pub async fn show(&self, delivery: &Delivery) -> Result<(), TrialError> {
        let change = self.sqs.change_message_visibility().queue_url(&self.restore_queue_url);
        let change = change.receipt_handle(&delivery.receipt).visibility_timeout(0).send().await;
        change.map(drop).map_err(|error| TrialError::aws("ChangeMessageVisibility")(error.into()))
    }

    /// Deletes a successful message, as Lambda does.
    pub async fn delete(&self, delivery: &Delivery) -> Result<(), TrialError> {
        let delete = self.sqs.delete_message().queue_url(&self.restore_queue_url);
        let deleted = delete.receipt_handle(&delivery.receipt).send().await;
        deleted.map(drop).map_err(|error| TrialError::aws("DeleteMessage")(error.into()))
    }
}
