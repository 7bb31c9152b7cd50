//! Pauses between attempts.

use std::time::Duration;

/// The number of doublings after which pauses no longer grow.
const MAXIMUM_DOUBLINGS: u32 = 7;

/// Waits before an attempt.
///
/// Attempts are counted from zero. There is no pause before the first one, then about `first`, and twice as
/// long each time.
pub(crate) async fn back_off(first: Duration, attempt: u32) {
    if let Some(retries) = attempt.checked_sub(1) {
        tokio::time::sleep(pause(first, retries, fastrand::f64())).await;
    }
}

/// Returns the pause before a retry.
///
/// The random part, up to half of it, separates parallel calls that were throttled together.
fn pause(first: Duration, retries: u32, random: f64) -> Duration {
    let longest = first * (1 << retries.min(MAXIMUM_DOUBLINGS));
    longest.mul_f64(f64::midpoint(1.0, random))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::pause;

    #[test]
    fn pauses_double_up_to_a_limit() {
        let first = Duration::from_millis(100);
        for (retries, longest) in [(0, 100), (1, 200), (2, 400), (7, 12_800), (u32::MAX, 12_800)] {
            let longest = Duration::from_millis(longest);
            assert_eq!([pause(first, retries, 0.0), pause(first, retries, 1.0)], [longest / 2, longest]);
        }
    }
}
