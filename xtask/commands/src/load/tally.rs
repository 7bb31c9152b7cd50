//! What was measured of the requests of an operation, or of all.

use std::time::Duration;

use anyhow::{Context, Result};
use hdrhistogram::{Counter, Histogram};
use serde::Serialize;

use super::span::milliseconds;

/// The longest latency that is recorded; a longer one counts as this one. No request takes longer than its limit.
const MAXIMUM: Duration = Duration::from_mins(1);

/// How a request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// A response came.
    Status(u16),
    /// No complete response came in time.
    TimedOut,
    /// The connection failed.
    Failed,
}

/// The counts and latencies of requests.
#[derive(Clone, Debug)]
pub(super) struct Tally {
    pub(super) counts: Counts,
    latencies: Histogram<u64>,
}

/// How many requests ended in which way. Each request counts as a status or as failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Counts {
    /// All that were sent.
    pub(super) requests: u64,
    pub(super) status_2xx: u64,
    pub(super) status_3xx: u64,
    /// Except 429.
    pub(super) status_4xx: u64,
    /// Rejected by the gateway, because the rate is above its limit.
    pub(super) status_429: u64,
    pub(super) status_5xx: u64,
    /// Timed out.
    pub(super) timed_out: u64,
    /// Had no connection, or lost it.
    pub(super) failed: u64,
    /// All without the status that the operation expects, except 429.
    pub(super) errors: u64,
}

/// Latencies in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(crate) struct Percentiles {
    pub(crate) p50: f64,
    pub(crate) p90: f64,
    pub(crate) p99: f64,
    pub(crate) p999: f64,
    pub(crate) max: f64,
}

/// Returns an empty histogram of latencies in microseconds.
pub(crate) fn histogram<T: Counter>(significant_digits: u8) -> Result<Histogram<T>> {
    let maximum = u64::try_from(MAXIMUM.as_micros())?;
    Histogram::new_with_bounds(1, maximum, significant_digits).context("cannot make a histogram")
}

/// Adds a latency to a histogram.
pub(crate) fn record<T: Counter>(histogram: &mut Histogram<T>, latency: Duration) {
    histogram.saturating_record(u64::try_from(latency.as_micros()).unwrap_or(u64::MAX));
}

/// Returns the percentiles of a histogram, or `None` if it is empty.
pub(crate) fn percentiles<T: Counter>(histogram: &Histogram<T>) -> Option<Percentiles> {
    let at = |quantile| milliseconds(Duration::from_micros(histogram.value_at_quantile(quantile)));
    (!histogram.is_empty()).then(|| Percentiles {
        p50: at(0.5),
        p90: at(0.9),
        p99: at(0.99),
        p999: at(0.999),
        max: at(1.0),
    })
}

impl Tally {
    pub(super) fn new() -> Result<Self> {
        Ok(Self { counts: Counts::default(), latencies: histogram(3)? })
    }

    /// Adds a request. Throttled ones have no latency: the gateway rejects them at once.
    pub(super) fn record(&mut self, ending: Ending, expected_status: u16, latency: Duration) {
        self.counts.add(ending, expected_status);
        if ending != Ending::Status(429) {
            record(&mut self.latencies, latency);
        }
    }

    pub(super) fn percentiles(&self) -> Option<Percentiles> {
        percentiles(&self.latencies)
    }
}

impl Counts {
    fn add(&mut self, ending: Ending, expected_status: u16) {
        self.requests += 1;
        let counter = match ending {
            Ending::Status(429) => &mut self.status_429,
            Ending::Status(200..300) => &mut self.status_2xx,
            Ending::Status(300..400) => &mut self.status_3xx,
            Ending::Status(400..500) => &mut self.status_4xx,
            Ending::Status(_) => &mut self.status_5xx,
            Ending::TimedOut => &mut self.timed_out,
            Ending::Failed => &mut self.failed,
        };
        *counter += 1;
        if ending != Ending::Status(429) && ending != Ending::Status(expected_status) {
            self.errors += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn tally(requests: &[(Ending, u16, u64)]) -> Tally {
        let mut tally = Tally::new().unwrap();
        for (ending, expected, milliseconds) in requests {
            tally.record(*ending, *expected, Duration::from_millis(*milliseconds));
        }
        tally
    }

    #[test]
    fn only_unexpected_endings_are_errors_and_throttling_is_none() {
        let tally = tally(&[
            (Ending::Status(200), 200, 1),
            (Ending::Status(404), 404, 1),
            (Ending::Status(200), 307, 1),
            (Ending::Status(503), 200, 1),
            (Ending::Status(429), 200, 1),
            (Ending::TimedOut, 200, 1),
            (Ending::Failed, 200, 1),
        ]);
        let expected = Counts {
            requests: 7,
            status_2xx: 2,
            status_4xx: 1,
            status_429: 1,
            status_5xx: 1,
            timed_out: 1,
            failed: 1,
            errors: 4,
            ..Counts::default()
        };
        assert_eq!(tally.counts, expected);
    }

    #[test]
    fn throttled_requests_do_not_lower_the_percentiles() {
        let mut requests = vec![(Ending::Status(429), 200, 1); 1000];
        requests.push((Ending::Status(200), 200, 100));
        let percentiles = tally(&requests).percentiles().unwrap();
        assert!((99.0..101.0).contains(&percentiles.p50), "{percentiles:?}");
        assert_eq!(tally(&requests[..1000]).percentiles(), None);
    }

    #[test]
    fn longest_latency_is_recorded_as_the_maximum() {
        let percentiles = tally(&[(Ending::TimedOut, 200, 600_000)]).percentiles().unwrap();
        assert!((59_000.0..61_000.0).contains(&percentiles.max), "{percentiles:?}");
    }

    proptest! {
        /// The histogram keeps three significant digits.
        #[test]
        fn percentiles_are_those_of_the_sorted_latencies(mut latencies in prop::collection::vec(1_u64..50_000, 1..300)) {
            let requests: Vec<_> = latencies.iter().map(|latency| (Ending::Status(200), 200, *latency)).collect();
            let measured = tally(&requests).percentiles().unwrap();
            latencies.sort_unstable();
            for (percent, measured) in [(50, measured.p50), (90, measured.p90), (99, measured.p99), (100, measured.max)] {
                let rank = (latencies.len() * percent).div_ceil(100).max(1);
                let exact = f64::from(u32::try_from(latencies[rank - 1]).unwrap());
                prop_assert!((measured - exact).abs() <= exact * 0.002, "p{percent}: {measured} {exact}");
            }
        }
    }
}
