//! Settings of the restore queue that the infrastructure and the functions share.

/// The visibility timeout of the queue.
///
/// It is six times the timeout of the restore function, as AWS recommends.
///
/// Only a message whose function crashed waits this long. A failed message is made visible earlier, see
/// [`restore_retry_delay_seconds`].
/// <https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html>
pub const RESTORE_QUEUE_VISIBILITY_SECONDS: u32 = 5400;

/// The number of receives after which a message goes to the dead-letter queue.
pub const RESTORE_QUEUE_MAXIMUM_RECEIVES: u32 = 6;

/// The timeout of the restore function, the maximum of Lambda.
pub const RESTORE_FUNCTION_TIMEOUT_SECONDS: u32 = 900;

/// The time after which a RESTORING package is queued again on request.
///
/// It is longer than the timeout of the restore function, so that a package is rarely queued while the
/// function restores it. If that happens, or if its first message is still in the queue, the second message
/// does no harm.
pub const RESTORING_STUCK_AFTER_SECONDS: u32 = 20 * 60;

const _: () = assert!(RESTORING_STUCK_AFTER_SECONDS > RESTORE_FUNCTION_TIMEOUT_SECONDS);

const FIRST_RETRY_DELAY_SECONDS: u32 = 15;
const MAXIMUM_RETRY_DELAY_SECONDS: u32 = 900;

/// Returns how long a message stays hidden that failed at this receive.
///
/// It is seconds at first, then minutes.
pub const fn restore_retry_delay_seconds(receives: u32) -> u32 {
    let factor = 4_u32.saturating_pow(receives.saturating_sub(1));
    let delay = FIRST_RETRY_DELAY_SECONDS.saturating_mul(factor);
    if delay < MAXIMUM_RETRY_DELAY_SECONDS { delay } else { MAXIMUM_RETRY_DELAY_SECONDS }
}

/// Returns the total delay of a message before it is a dead letter.
pub const fn restore_retry_delays_seconds() -> u32 {
    let mut total = 0;
    let mut receives = 1;
    while receives <= RESTORE_QUEUE_MAXIMUM_RECEIVES {
        total += restore_retry_delay_seconds(receives);
        receives += 1;
    }
    total
}

#[cfg(test)]
mod tests {
    use super::{restore_retry_delay_seconds, restore_retry_delays_seconds};

    #[test]
    fn failed_message_is_visible_again_after_seconds_then_minutes() {
        let delays = [0, 1, 2, 3, 4, 5, 6, u32::MAX].map(restore_retry_delay_seconds);
        assert_eq!(delays, [15, 15, 60, 240, 900, 900, 900, 900]);
        assert_eq!(restore_retry_delays_seconds(), 15 + 60 + 240 + 3 * 900);
    }
}
