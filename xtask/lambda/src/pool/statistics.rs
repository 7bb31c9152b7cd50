//! What a function has done, for the console.

use std::sync::atomic::{AtomicU64, Ordering};

/// What one function has done since the pool was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize)]
pub struct FunctionStatistics {
    /// Invocations that reached an instance.
    pub invocations: u64,
    /// Instances that were started; the other invocations reused one.
    pub cold_starts: u64,
    /// Invocations that ended in a function error.
    pub errors: u64,
    /// Instances at work now.
    pub busy: usize,
    /// Instances waiting now.
    pub idle: usize,
}

/// Counts as they go up.
#[derive(Default)]
pub(super) struct Counters {
    pub(super) invocations: Counter,
    pub(super) cold_starts: Counter,
    pub(super) errors: Counter,
}

#[derive(Default)]
pub(super) struct Counter(AtomicU64);

impl Counter {
    pub(super) fn increment(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}
