//! The times at which requests start.
//!
//! They depend on no response: the load is an open loop. A slow service therefore gets the same requests as a fast one,
//! and its latency counts from these times, so that waiting is measured too ("coordinated omission":
//! <https://www.scylladb.com/2021/04/22/on-coordinated-omission/>).

use std::time::Duration;

use anyhow::{Result, ensure};
use clap::ValueEnum;
use fastrand::Rng;

/// What an account of AWS may send to all its HTTP APIs in a Region, unless the quota was raised:
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-throttling.html>.
const MAXIMUM_RATE: f64 = 10_000.0;

/// How the times are spaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Arrivals {
    /// At random, independent of each other, as those of many clients.
    Poisson,
    /// At equal distances.
    Constant,
}

/// The number of requests per second.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub(crate) struct Rate(f64);

impl Rate {
    /// Parses a rate from the command line.
    pub(super) fn parse(text: &str) -> Result<Self> {
        let rate = text.parse().unwrap_or(0.0);
        ensure!(
            rate > 0.0 && rate <= MAXIMUM_RATE,
            "expected requests per second, above 0 and at most {MAXIMUM_RATE}"
        );
        Ok(Self(rate))
    }

    /// Returns a rate, which must be above 0.
    pub(crate) const fn per_second(requests: f64) -> Self {
        Self(requests)
    }

    /// Returns the mean time between two requests.
    fn interval(self) -> f64 {
        self.0.recip()
    }
}

/// Returns a random number of the exponential distribution with mean 1.
pub(crate) fn exponential(generator: &mut Rng) -> f64 {
    // The generator returns 0 but never 1, so the logarithm exists.
    -(1.0 - generator.f64()).ln()
}

/// The times of all requests, from the start of the run, in ascending order.
pub(crate) struct Schedule {
    arrivals: Arrivals,
    rate: Rate,
    generator: Rng,
    next: Duration,
    end: Duration,
}

impl Schedule {
    /// Returns the times before `end`.
    pub(crate) fn new(arrivals: Arrivals, rate: Rate, end: Duration, generator: Rng) -> Self {
        let mut schedule = Self { arrivals, rate, generator, next: Duration::ZERO, end };
        // A constant load begins at once; the first random request has an unpredictable time like all others.
        if arrivals == Arrivals::Poisson {
            schedule.next = schedule.gap();
        }
        schedule
    }

    fn gap(&mut self) -> Duration {
        let times_interval = match self.arrivals {
            Arrivals::Constant => 1.0,
            // The times between the events of a Poisson process have an exponential distribution.
            Arrivals::Poisson => exponential(&mut self.generator),
        };
        Duration::from_secs_f64(times_interval * self.rate.interval())
    }
}

impl Iterator for Schedule {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        let time = self.next;
        if time >= self.end {
            return None;
        }
        self.next = time + self.gap();
        Some(time)
    }
}

#[cfg(test)]
mod tests {
    use fastrand::Rng;
    use proptest::prelude::*;

    use super::*;

    fn times(arrivals: Arrivals, rate: f64, seconds: u64, seed: u64) -> Vec<Duration> {
        Schedule::new(arrivals, Rate(rate), Duration::from_secs(seconds), Rng::with_seed(seed)).collect()
    }

    #[test]
    fn constant_requests_have_equal_distances() {
        let times = times(Arrivals::Constant, 4.0, 2, 1);
        let expected: Vec<_> = (0..8).map(|number| Duration::from_millis(250) * number).collect();
        assert_eq!(times, expected);
    }

    /// The count of a Poisson process has a standard deviation of its square root, and the distances one of their mean.
    #[test]
    fn poisson_requests_have_the_rate_and_random_distances() {
        let times = times(Arrivals::Poisson, 100.0, 100, 7);
        assert!((9_500..10_500).contains(&times.len()), "{}", times.len());
        let gaps: Vec<f64> =
            times.windows(2).map(|pair| pair[1].as_secs_f64() - pair[0].as_secs_f64()).collect();
        let count = f64::from(u32::try_from(gaps.len()).unwrap());
        let mean = gaps.iter().sum::<f64>() / count;
        let variance = gaps.iter().map(|gap| (gap - mean).powi(2)).sum::<f64>() / count;
        assert!((0.9..1.1).contains(&(variance.sqrt() / mean)), "{mean} {variance}");
    }

    proptest! {
        #[test]
        fn times_ascend_and_are_before_the_end(rate in 0.01..10_000.0, seconds in 1_u64..3, seed: u64) {
            for arrivals in [Arrivals::Poisson, Arrivals::Constant] {
                let times = times(arrivals, rate, seconds, seed);
                prop_assert!(times.is_sorted());
                prop_assert!(times.iter().all(|time| *time < Duration::from_secs(seconds)));
            }
        }

        #[test]
        fn only_a_positive_number_is_a_rate(text: String) {
            if let Ok(Rate(rate)) = Rate::parse(&text) {
                prop_assert!(rate > 0.0 && rate <= MAXIMUM_RATE);
            }
        }
    }

    #[test]
    fn rate_without_meaning_is_rejected() {
        for text in ["", "0", "-1", "NaN", "inf", "10001", "fast"] {
            Rate::parse(text).unwrap_err();
        }
        assert_eq!(Rate::parse("0.5").unwrap(), Rate(0.5));
    }
}
