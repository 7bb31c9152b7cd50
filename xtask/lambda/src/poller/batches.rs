//! Splits messages into batches whose events are not larger than Lambda accepts.

use aws_sdk_sqs::types::Message;

use super::event;
use crate::control_plane::QueueArn;
use crate::pool::MAXIMUM_EVENT_BYTES;

/// Splits messages in order. A batch has at least one message.
///
/// Lambda invokes the function when the payload reaches 6 MB, even if the batch is not full:
/// <https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventsourcemapping.html#invocation-eventsourcemapping-batching>.
/// That the rest of the messages becomes the next batch is a guess.
pub(super) fn split(queue: &QueueArn, messages: Vec<Message>) -> Vec<Vec<Message>> {
    let empty = event::from_messages(queue, &[]).len();
    let mut batches: Vec<Vec<Message>> = Vec::new();
    let mut size = 0;
    for message in messages {
        // With the comma between records.
        let bytes = event::size_of_record(queue, &message) + 1;
        if let Some(batch) = batches.last_mut()
            && size + bytes <= MAXIMUM_EVENT_BYTES
        {
            size += bytes;
            batch.push(message);
        } else {
            size = empty + bytes;
            batches.push(vec![message]);
        }
    }
    batches
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_event_is_larger_than_lambda_accepts() {
        let queue = "arn:aws:sqs:us-east-1:123456789012:restore".parse().unwrap();
        let message =
            |id: usize| Message::builder().message_id(id.to_string()).body("x".repeat(1024 * 1024)).build();
        let batches = split(&queue, (0..10).map(message).collect());
        let ids: Vec<Vec<_>> =
            batches.iter().map(|batch| batch.iter().filter_map(Message::message_id).collect()).collect();
        assert_eq!(ids, [vec!["0", "1", "2", "3", "4"], vec!["5", "6", "7", "8", "9"]]);
        for batch in batches {
            assert!(event::from_messages(&queue, &batch).len() <= MAXIMUM_EVENT_BYTES);
        }
        assert!(split(&queue, Vec::new()).is_empty());
    }
}
