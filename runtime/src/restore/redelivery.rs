//! Makes a message that failed visible again after a delay.
//!
//! Lambda leaves a failed message alone. Without this it would stay hidden for the visibility time-out of the queue,
//! which must be longer than the function can run:
//! <https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html>.

use aws_sdk_sqs::Client;
use openapi::restore_retry_delay_seconds;

use super::RestoreError;
use super::event::QueueMessage;

/// Shortens the message's visibility time-out to the delay that belongs to its number of receives, and returns the delay
/// in seconds.
pub(super) async fn schedule(
    sqs: &Client,
    queue_url: &str,
    message: &QueueMessage,
) -> Result<u32, RestoreError> {
    let delay = restore_retry_delay_seconds(message.receives());
    sqs.change_message_visibility()
        .queue_url(queue_url)
        .receipt_handle(&message.receipt_handle)
        .visibility_timeout(delay.cast_signed())
        .send()
        .await
        .map_err(|error| RestoreError::aws("ChangeMessageVisibility", &error))?;
    Ok(delay)
}
