//! Batches of messages for SQS.

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::error::BuildError;
use aws_sdk_sqs::types::{
    MessageSystemAttributeNameForSends, MessageSystemAttributeValue, SendMessageBatchRequestEntry,
};

use super::backoff::back_off;
use crate::sdk_error::describe;
use crate::telemetry::trace_header_for_messages;

type TraceAttribute = HashMap<MessageSystemAttributeNameForSends, MessageSystemAttributeValue>;

/// The maximum number of messages of a `SendMessageBatch`.
///
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatch.html>.
pub(crate) const MESSAGES_PER_BATCH: usize = 10;

/// How often a batch is sent.
#[derive(Clone, Copy)]
pub(crate) struct Attempts {
    /// The number of calls.
    pub(crate) count: u32,
    /// The pause before the second call; it doubles from one to the next.
    pub(crate) first_pause: Duration,
    /// Whether a call that failed as a whole is repeated.
    ///
    /// The SDK has repeated it already, within its own time limit.
    pub(crate) repeat_failed_calls: bool,
}

/// Messages of a batch that were not sent.
#[derive(Debug, thiserror::Error)]
#[error("{cause}")]
pub(crate) struct Unsent {
    /// Their positions in the batch.
    pub(crate) positions: Vec<usize>,
    cause: String,
}

/// Sends a batch, and then again the messages that SQS did not accept.
pub(crate) async fn send_batch(
    client: &Client,
    queue_url: &str,
    bodies: &[&str],
    attempts: Attempts,
) -> Result<(), Unsent> {
    let mut unsent = Unsent { positions: (0..bodies.len()).collect(), cause: String::new() };
    for attempt in 0..attempts.count {
        back_off(attempts.first_pause, attempt).await;
        match send_once(client, queue_url, bodies, &unsent.positions).await {
            Ok(sent) => {
                unsent.positions.retain(|position| !sent.contains(position));
                "SQS did not accept every message of a SendMessageBatch".clone_into(&mut unsent.cause);
            }
            Err(cause) => {
                unsent.cause = cause;
                if !attempts.repeat_failed_calls {
                    break;
                }
            }
        }
        if unsent.positions.is_empty() {
            return Ok(());
        }
    }
    Err(unsent)
}

/// Returns the attribute by which the handling of a message belongs to the trace of the current event.
///
/// Its size does not count towards that of the message:
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-metadata.html#sqs-message-system-attributes>.
fn trace_attribute() -> Result<Option<TraceAttribute>, String> {
    let Some(trace) = trace_header_for_messages() else { return Ok(None) };
    let value = MessageSystemAttributeValue::builder().data_type("String").string_value(trace.to_string());
    let value = value.build().map_err(|error| error.to_string())?;
    Ok(Some(HashMap::from([(MessageSystemAttributeNameForSends::AwsTraceHeader, value)])))
}

/// Sends the messages at these positions in one call.
///
/// Returns the positions of those that were accepted.
async fn send_once(
    client: &Client,
    queue_url: &str,
    bodies: &[&str],
    positions: &[usize],
) -> Result<Vec<usize>, String> {
    let trace = trace_attribute()?;
    let entry = |position: &usize| {
        SendMessageBatchRequestEntry::builder()
            .id(position.to_string())
            .message_body(bodies[*position])
            .set_message_system_attributes(trace.clone())
            .build()
    };
    let entries: Result<Vec<_>, BuildError> = positions.iter().map(entry).collect();
    let entries = entries.map_err(|error| error.to_string())?;
    let response = client.send_message_batch().queue_url(queue_url).set_entries(Some(entries)).send().await;
    let response = response.map_err(|error| describe("SendMessageBatch", &error))?;
    Ok(response.successful().iter().filter_map(|entry| entry.id().parse().ok()).collect())
}
