//! How rates and latencies changed during the run.

use std::time::Duration;

use anyhow::Result;
use hdrhistogram::Histogram;
use serde::Serialize;

use super::span::number;
use super::tally::{Ending, Percentiles, histogram, percentiles, record};

/// How many points a plot has at most.
const POINTS: u32 = 300;

/// The run in pieces of the same length.
pub(crate) struct Timeline {
    width: Duration,
    buckets: Vec<Bucket>,
}

/// A piece of the run.
pub(super) struct Bucket {
    /// Requests that were to start in it.
    pub(super) offered: u64,
    /// Those of them that were not sent.
    pub(super) dropped: u64,
    /// Responses that came in it.
    completed: u64,
    /// Of those, the throttled ones.
    throttled: u64,
    /// The latencies of the requests that were to start in it.
    latencies: Histogram<u32>,
}

/// A piece of the run, as reports show it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(crate) struct Point {
    /// The middle of it, in seconds.
    pub(crate) seconds: f64,
    /// Requests per second that were to start.
    pub(super) offered: f64,
    /// Responses per second, without throttled requests.
    pub(crate) achieved: f64,
    /// Throttled requests per second.
    pub(super) throttled: f64,
    /// Requests per second that were not sent.
    pub(super) dropped: f64,
    /// Latencies of those that were to start.
    pub(crate) latency_ms: Option<Percentiles>,
}

impl Timeline {
    /// Returns an empty timeline for a run of this length.
    pub(crate) fn new(length: Duration) -> Self {
        Self { width: (length / POINTS).max(Duration::from_secs(1)), buckets: Vec::new() }
    }

    /// Returns the piece at a time, which may be after the planned end.
    pub(super) fn bucket(&mut self, time: Duration) -> Result<&mut Bucket> {
        let index = usize::try_from(time.as_nanos() / self.width.as_nanos())?;
        while self.buckets.len() <= index {
            self.buckets.push(Bucket::new()?);
        }
        Ok(&mut self.buckets[index])
    }

    /// Adds a request that has ended.
    pub(crate) fn record(&mut self, scheduled: Duration, latency: Duration, ending: Ending) -> Result<()> {
        if ending != Ending::Status(429) {
            record(&mut self.bucket(scheduled)?.latencies, latency);
        }
        let end = self.bucket(scheduled + latency)?;
        match ending {
            Ending::Status(429) => end.throttled += 1,
            Ending::Status(_) => end.completed += 1,
            Ending::TimedOut | Ending::Failed => {}
        }
        Ok(())
    }

    /// Returns how many responses came in the pieces that had begun at a time, without throttled requests.
    pub(super) fn completed(&self, end: Duration) -> u64 {
        let starts = (0_u32..).map(|index| self.width * index);
        let begun = self.buckets.iter().zip(starts).take_while(|(_, start)| *start < end);
        begun.map(|(bucket, _)| bucket.completed).sum()
    }

    /// Returns the complete pieces of a run that has ended at a time.
    pub(crate) fn points(&self, end: Duration) -> Vec<Point> {
        let width = self.width.as_secs_f64();
        let rate = |count| number(count) / width;
        let starts = (0_u32..).map(|index| self.width * index);
        let complete = self.buckets.iter().zip(starts).take_while(|(_, start)| *start + self.width <= end);
        let point = |(bucket, start): (&Bucket, Duration)| Point {
            seconds: start.as_secs_f64() + width / 2.0,
            offered: rate(bucket.offered),
            achieved: rate(bucket.completed),
            throttled: rate(bucket.throttled),
            dropped: rate(bucket.dropped),
            latency_ms: percentiles(&bucket.latencies),
        };
        complete.map(point).collect()
    }
}

impl Bucket {
    fn new() -> Result<Self> {
        // Two digits are as fine as a plot shows, in an eighth of the memory of three.
        Ok(Self { offered: 0, dropped: 0, completed: 0, throttled: 0, latencies: histogram(2)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn latency_belongs_to_the_scheduled_time_and_the_response_to_its_own() {
        let mut timeline = Timeline::new(10 * SECOND);
        timeline.bucket(SECOND / 2).unwrap().offered += 1;
        timeline.record(SECOND / 2, 2 * SECOND, Ending::Status(200)).unwrap();
        timeline.record(SECOND / 2, SECOND, Ending::Status(429)).unwrap();
        let points = timeline.points(10 * SECOND);
        let figures: Vec<_> = points
            .iter()
            .map(|point| (point.offered, point.achieved, point.throttled, point.latency_ms.is_some()))
            .collect();
        assert_eq!(figures, [(1.0, 0.0, 0.0, true), (0.0, 0.0, 1.0, false), (0.0, 1.0, 0.0, false)]);
    }

    #[test]
    fn long_run_has_longer_pieces_and_the_last_incomplete_one_is_left_out() {
        let mut timeline = Timeline::new(600 * SECOND);
        for second in 0..5 {
            timeline.bucket(second * SECOND).unwrap().offered += 1;
        }
        let points = timeline.points(5 * SECOND);
        let offered: Vec<_> = points.iter().map(|point| (point.seconds, point.offered)).collect();
        assert_eq!(offered, [(1.0, 1.0), (3.0, 1.0)]);
    }
}
