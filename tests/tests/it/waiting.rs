//! Waiting for a condition.

use std::time::{Duration, Instant};

/// Long enough for a slow machine that also compiles; a passing test waits only as long as needed.
const LIMIT: Duration = Duration::from_mins(1);
const INTERVAL: Duration = Duration::from_millis(50);

/// Checks repeatedly until there is a value, and returns it.
pub(crate) async fn eventually<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + LIMIT;
    loop {
        if let Some(seen) = look().await {
            return seen;
        }
        assert!(Instant::now() < deadline, "waited {LIMIT:?} in vain: {what}");
        tokio::time::sleep(INTERVAL).await;
    }
}

/// Waits for a future, and fails instead of waiting forever.
pub(crate) async fn within_limit<T>(what: &str, future: impl Future<Output = T>) -> T {
    let ended = tokio::time::timeout(LIMIT, future).await;
    ended.unwrap_or_else(|_| panic!("waited {LIMIT:?} in vain: {what}"))
}
