//! Everything that was measured of the requests.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::Result;

use super::operation::Operation;
use super::tally::{Ending, Tally};
use super::timeline::Timeline;

/// A request that has ended.
#[derive(Clone, Copy, Debug)]
pub(super) struct Measurement {
    pub(super) operation: Operation,
    /// When the request was to start, from the start of the run.
    pub(super) scheduled: Duration,
    /// The time from then to the end of the response.
    pub(super) latency: Duration,
    pub(super) ending: Ending,
}

/// The measurements of a run.
pub(super) struct Statistics {
    pub(super) operations: BTreeMap<Operation, Tally>,
    pub(super) total: Tally,
    pub(super) timeline: Timeline,
    /// How many requests were scheduled.
    pub(super) offered: u64,
    /// How many of them were not sent, because too many were in flight.
    pub(super) dropped: u64,
}

impl Statistics {
    /// Returns empty statistics for these operations.
    pub(super) fn new(operations: impl Iterator<Item = Operation>, length: Duration) -> Result<Self> {
        Ok(Self {
            operations: operations.map(|operation| Ok((operation, Tally::new()?))).collect::<Result<_>>()?,
            total: Tally::new()?,
            timeline: Timeline::new(length),
            offered: 0,
            dropped: 0,
        })
    }

    /// Adds a request that starts.
    pub(super) fn offer(&mut self, scheduled: Duration) -> Result<()> {
        self.offered += 1;
        self.timeline.bucket(scheduled)?.offered += 1;
        Ok(())
    }

    /// Adds a request that was not sent.
    pub(super) fn drop(&mut self, scheduled: Duration) -> Result<()> {
        self.dropped += 1;
        self.timeline.bucket(scheduled)?.dropped += 1;
        Ok(())
    }

    /// Adds a request that has ended.
    pub(super) fn record(&mut self, measurement: Measurement) -> Result<()> {
        let Measurement { operation, scheduled, latency, ending } = measurement;
        let expected = operation.expected_status();
        self.total.record(ending, expected, latency);
        if let Some(tally) = self.operations.get_mut(&operation) {
            tally.record(ending, expected, latency);
        }
        self.timeline.record(scheduled, latency, ending)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn request_counts_for_its_operation_and_in_total() {
        let operations = [Operation::SignFile, Operation::NoToken];
        let mut statistics = Statistics::new(operations.into_iter(), Duration::from_secs(10)).unwrap();
        let scheduled = Duration::from_secs(1);
        for (operation, status) in [(Operation::SignFile, 200), (Operation::NoToken, 200)] {
            statistics.offer(scheduled).unwrap();
            let (latency, ending) = (Duration::from_millis(5), Ending::Status(status));
            statistics.record(Measurement { operation, scheduled, latency, ending }).unwrap();
        }
        statistics.offer(scheduled).unwrap();
        statistics.drop(scheduled).unwrap();
        assert_eq!((statistics.offered, statistics.dropped), (3, 1));
        let errors = |operation| statistics.operations[&operation].counts.errors;
        assert_eq!((errors(Operation::SignFile), errors(Operation::NoToken)), (0, 1));
        assert_eq!((statistics.total.counts.requests, statistics.total.counts.errors), (2, 1));
    }
}
