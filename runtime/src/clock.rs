//! The wall clock, which only this module reads.
//!
//! Ages are measured by the wall clock: the monotonic clock stops while Lambda freezes a function
//! (<https://github.com/hashicorp/vault-lambda-extension/issues/113>). Only time limits of work in progress
//! use [`tokio::time::Instant`].
#![expect(clippy::disallowed_methods, reason = "every other module reads the time here")]

use std::time::SystemTime;

use chrono::{DateTime, Utc};

/// Returns the time.
pub(crate) fn now() -> SystemTime {
    SystemTime::now()
}

/// Returns the time as a date.
pub(crate) fn utc_now() -> DateTime<Utc> {
    Utc::now()
}

/// Returns the time in Unix seconds.
pub(crate) fn unix_now() -> i64 {
    Utc::now().timestamp()
}
