//! Limits the requests to a route with a token bucket, where a token counts for a request:
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-throttling.html>.
//!
//! AWS calls its limits targets, which it may exceed in both directions. This bucket keeps them exactly.

use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use crate::control_plane::Throttling;

/// The bucket of one route, full at the start.
pub struct TokenBucket {
    limits: Throttling,
    level: Mutex<Level>,
}

struct Level {
    tokens: f64,
    at: Instant,
}

impl TokenBucket {
    /// Returns a full bucket.
    pub fn new(limits: Throttling, now: Instant) -> Self {
        Self { limits, level: Mutex::new(Level { tokens: limits.burst.into(), at: now }) }
    }

    /// Takes a token. Returns false if there is none, which means that the request is throttled.
    pub fn take(&self, now: Instant) -> bool {
        // No operation on the level can panic halfway, so a poisoned level is still valid.
        let mut level = self.level.lock().unwrap_or_else(PoisonError::into_inner);
        let filled = now.saturating_duration_since(level.at).as_secs_f64() * self.limits.rate;
        level.tokens = (level.tokens + filled).min(self.limits.burst.into());
        level.at = level.at.max(now);
        let has_token = level.tokens >= 1.0;
        if has_token {
            level.tokens -= 1.0;
        }
        has_token
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn burst_is_taken_at_once_and_the_rate_refills_it() {
        let start = Instant::now();
        let bucket = TokenBucket::new(Throttling { rate: 2.0, burst: 3 }, start);
        let taken = |after: f64| {
            let now = start + Duration::from_secs_f64(after);
            std::iter::repeat_with(|| bucket.take(now)).take_while(|taken| *taken).count()
        };
        assert_eq!(taken(0.0), 3);
        assert_eq!(taken(0.4), 0);
        assert_eq!(taken(0.5), 1);
        assert_eq!(taken(1.5), 2);
        assert_eq!(taken(60.0), 3, "never more than the burst");
        assert_eq!(taken(1.0), 0, "a clock that two threads read in another order");
    }

    #[test]
    fn bucket_of_size_zero_rejects_every_request() {
        let start = Instant::now();
        let bucket = TokenBucket::new(Throttling { rate: 100.0, burst: 0 }, start);
        assert!(!bucket.take(start + Duration::from_secs(10)));
    }
}
