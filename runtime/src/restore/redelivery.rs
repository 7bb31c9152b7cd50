//! Receiving a failed message again after a delay.
//!
//! Lambda does not change a failed message. It would stay hidden for the visibility timeout of the queue,
//! which must be longer than the timeout of the function:
//! <https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html>.

use aws_lambda_events::sqs::SqsMessage;
use aws_sdk_sqs::Client;
use openapi::restore_retry_delay_seconds;

use super::error::RestoreError;

/// Sets the visibility timeout of a failed message.
///
/// Returns it in seconds. It depends on the number of receives.
pub(super) async fn schedule(
    sqs: &Client,
    queue_url: &str,
    message: &SqsMessage,
) -> Result<u32, RestoreError> {
    let delay = restore_retry_delay_seconds(receives(message));
    sqs.change_message_visibility()
        .queue_url(queue_url)
        .set_receipt_handle(message.receipt_handle.clone())
        .visibility_timeout(delay.cast_signed())
        .send()
        .await
        .map_err(|error| RestoreError::from_call("ChangeMessageVisibility", &error))?;
    Ok(delay)
}

/// Returns how often a message was received, this time included.
pub(super) fn receives(message: &SqsMessage) -> u32 {
    message.attributes.get("ApproximateReceiveCount").and_then(|count| count.parse().ok()).unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use aws_lambda_events::sqs::SqsEvent;

    use super::receives;

    #[test]
    fn number_of_receives_is_an_attribute() {
        let receives = |attributes: &str| {
            let event = format!(r#"{{"Records":[{{"messageId":"m","receiptHandle":"r"{attributes}}}]}}"#);
            let event: SqsEvent = serde_json::from_str(&event).unwrap();
            receives(&event.records[0])
        };
        assert_eq!(receives(r#","attributes":{"ApproximateReceiveCount":"4","SenderId":"x"}"#), 4);
        for without in ["", r#","attributes":{}"#, r#","attributes":{"ApproximateReceiveCount":"many"}"#] {
            assert_eq!(receives(without), 1, "{without}");
        }
    }
}
