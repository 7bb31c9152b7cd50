//! Statistics of a function, for the console.

use std::sync::atomic::{AtomicU64, Ordering};

/// The statistics of one function since the pool was created.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize)]
pub struct FunctionStatistics {
    /// Number of invocations that reached an instance.
    pub invocations: u64,
    /// Number of instances that were started. All other invocations reused one.
    pub cold_starts: u64,
    /// Number of invocations that ended in a function error.
    pub errors: u64,
    /// Current number of busy instances.
    pub busy: usize,
    /// Current number of idle instances.
    pub idle: usize,
}

/// Counters that only increase.
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
