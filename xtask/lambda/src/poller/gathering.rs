//! Gathers the messages of a batch.
//!
//! Without a batching window, a batch is what one request to the queue returns. With one, Lambda gathers messages
//! until the batch is full, the window is over, or the event is as large as an event may be:
//! <https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html>,
//! <https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventsourcemapping.html#invocation-eventsourcemapping-batching>.

use std::time::{Duration, Instant};

/// SQS returns at most ten messages for a request:
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ReceiveMessage.html>.
const LARGEST_RESPONSE: u16 = 10;

/// The longest long poll that SQS allows.
const LONGEST_POLL: Duration = Duration::from_secs(20);

/// What to request from the queue next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Receive {
    /// How many messages to request.
    pub(super) messages: u16,
    /// How long to wait for a message, in seconds.
    pub(super) seconds: u64,
}

/// The limits of a batch.
#[derive(Debug, Clone, Copy)]
pub(super) struct Gathering {
    pub(super) batch_size: u16,
    pub(super) window: Duration,
}

impl Gathering {
    /// Returns the first request of a batch.
    pub(super) fn first(self) -> Receive {
        Receive { messages: self.batch_size.min(LARGEST_RESPONSE), seconds: LONGEST_POLL.as_secs() }
    }

    /// Returns the next request of a batch with this many messages, or `None` if the batch is complete.
    ///
    /// The window begins with the first message. SQS waits for whole seconds only, so the last request may end up to a
    /// second after the window.
    pub(super) fn next(self, gathered: usize, begun: Instant, now: Instant) -> Option<Receive> {
        let gathered = u16::try_from(gathered).unwrap_or(u16::MAX);
        let missing = self.batch_size.saturating_sub(gathered);
        let rest = self.window.saturating_sub(now.saturating_duration_since(begun));
        if missing == 0 || rest.is_zero() {
            return None;
        }
        let seconds = rest.min(LONGEST_POLL).as_millis().div_ceil(1000);
        Some(Receive {
            messages: missing.min(LARGEST_RESPONSE),
            seconds: u64::try_from(seconds).unwrap_or_default(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn receive(messages: u16, seconds: u64) -> Receive {
        Receive { messages, seconds }
    }

    #[test]
    fn batch_without_a_window_is_one_response() {
        let gathering = Gathering { batch_size: 5, window: Duration::ZERO };
        let now = Instant::now();
        assert_eq!(gathering.first(), receive(5, 20));
        assert_eq!(gathering.next(1, now, now), None);
    }

    #[test]
    fn batch_with_a_window_is_gathered_until_it_is_full_or_the_window_is_over() {
        let gathering = Gathering { batch_size: 25, window: Duration::from_secs(30) };
        let begun = Instant::now();
        let after =
            |gathered, seconds| gathering.next(gathered, begun, begun + Duration::from_secs_f64(seconds));
        assert_eq!(gathering.first(), receive(10, 20));
        assert_eq!(after(10, 0.0), Some(receive(10, 20)));
        assert_eq!(after(20, 15.5), Some(receive(5, 15)));
        assert_eq!(after(24, 29.9), Some(receive(1, 1)));
        assert_eq!(after(24, 30.0), None);
        assert_eq!(after(25, 1.0), None);
    }
}
