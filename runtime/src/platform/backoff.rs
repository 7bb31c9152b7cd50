//! Trying again.

use std::time::Duration;

/// Wait before trying again: none before the first attempt, then twice as long each time, with jitter so that parallel
/// calls that were throttled together do not come back together.
pub(crate) async fn back_off(attempt: u32) {
    if attempt == 0 {
        return;
    }
    let ceiling = 50_u64 << attempt.min(7);
    let jitter = u64::from(uuid::Uuid::new_v4().as_bytes()[0]) * ceiling / 512;
    tokio::time::sleep(Duration::from_millis(ceiling / 2 + jitter)).await;
}
