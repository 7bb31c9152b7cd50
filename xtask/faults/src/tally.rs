//! Statistics of calls.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{Faults, Service};

/// The statistics of one operation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Number of calls.
    pub calls: u32,
    /// Maximum number of concurrent calls.
    pub most_in_flight: u32,
    /// Total time of all calls.
    pub time: Duration,
    in_flight: u32,
}

impl Tally {
    pub(super) fn begin(&mut self) {
        self.calls += 1;
        self.in_flight += 1;
        self.most_in_flight = self.most_in_flight.max(self.in_flight);
    }

    pub(super) fn end(&mut self, time: Duration) {
        self.in_flight = self.in_flight.saturating_sub(1);
        self.time += time;
    }
}

pub(super) fn calls(tallies: &BTreeMap<(Service, String), Tally>, service: Service) -> u32 {
    tallies.iter().filter(|((of, _), _)| *of == service).map(|(_, tally)| tally.calls).sum()
}

/// A timer that runs while at least one call is in progress.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Busy {
    past: Duration,
    in_flight: u32,
    since: Option<Instant>,
}

impl Busy {
    pub(super) fn begin(&mut self) {
        self.in_flight += 1;
        self.since.get_or_insert_with(Instant::now);
    }

    pub(super) fn end(&mut self) {
        self.in_flight = self.in_flight.saturating_sub(1);
        if self.in_flight == 0
            && let Some(since) = self.since.take()
        {
            self.past += since.elapsed();
        }
    }

    pub(super) fn total(&self) -> Duration {
        self.past + self.since.map_or(Duration::ZERO, |since| since.elapsed())
    }
}

/// A call in progress. Dropping it marks the call as finished.
pub(super) struct CallInProgress(Option<Counted>);

struct Counted {
    faults: Arc<Faults>,
    service: Service,
    operation: String,
    start: Instant,
}

impl CallInProgress {
    pub(super) fn new(faults: Arc<Faults>, service: Service, operation: String) -> Self {
        Self(Some(Counted { faults, service, operation, start: Instant::now() }))
    }

    pub(super) fn uncounted() -> Self {
        Self(None)
    }
}

impl Drop for CallInProgress {
    fn drop(&mut self) {
        if let Some(Counted { faults, service, operation, start }) = &self.0 {
            faults.end_call(*service, operation, start.elapsed());
        }
    }
}
