//! What many measurements of the same thing say.

use serde::{Deserialize, Serialize};

/// The distribution of measurements.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Distribution {
    /// The number of measurements.
    pub(super) count: usize,
    pub(super) median: f64,
    /// The 99th percentile.
    pub(super) p99: f64,
    /// The distance between the quartiles, as a share of the median.
    pub(super) spread: f64,
    /// The 95 % confidence interval of the median.
    ///
    /// With fewer than six measurements there is none: it is the range of the measurements.
    pub(super) interval: Interval,
}

/// A range of values.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Interval {
    pub(super) low: f64,
    pub(super) high: f64,
}

impl Distribution {
    /// Returns the distribution of measurements, or zeros without any.
    pub(super) fn of(measurements: &[f64]) -> Self {
        let mut sorted = measurements.to_vec();
        sorted.sort_unstable_by(f64::total_cmp);
        let median = quantile(&sorted, 0.5);
        let spread = quantile(&sorted, 0.75) - quantile(&sorted, 0.25);
        Self {
            count: sorted.len(),
            median,
            p99: quantile(&sorted, 0.99),
            spread: if median == 0.0 { 0.0 } else { spread / median },
            interval: interval_of_median(&sorted),
        }
    }
}

/// Returns the smallest of sorted values that this share of them does not exceed.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "positions in a list are small and not negative"
)]
fn quantile(sorted: &[f64], share: f64) -> f64 {
    let rank = (sorted.len() as f64 * share).ceil().max(1.0) as usize;
    sorted.get(rank - 1).copied().unwrap_or_default()
}

/// Returns the interval that holds the median with a probability of 95 %, whatever the distribution.
///
/// The number of values below the median is distributed binomially, for which this is the normal approximation:
/// <https://www.itl.nist.gov/div898/handbook/prc/section2/prc263.htm>.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "positions in a list are small and not negative"
)]
fn interval_of_median(sorted: &[f64]) -> Interval {
    let at = |index: usize| sorted.get(index).copied().unwrap_or_default();
    let last = sorted.len().saturating_sub(1);
    if sorted.len() < 6 {
        return Interval { low: at(0), high: at(last) };
    }
    let count = sorted.len() as f64;
    let reach = 1.96 * count.sqrt() / 2.0;
    let low = (count / 2.0 - reach).floor().max(0.0) as usize;
    let high = ((count / 2.0 + reach).ceil() as usize).min(last);
    Interval { low: at(low), high: at(high) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Distribution, Interval};

    #[test]
    fn quantiles_are_measured_values() {
        let measurements: Vec<f64> = (1..=200).rev().map(f64::from).collect();
        let distribution = Distribution::of(&measurements);
        let interval = Interval { low: 87.0, high: 115.0 };
        assert_eq!(
            distribution,
            Distribution { count: 200, median: 100.0, p99: 198.0, spread: 1.0, interval }
        );
    }

    #[test]
    fn few_measurements_have_their_range_as_interval() {
        assert_eq!(Distribution::of(&[3.0, 1.0, 2.0]).interval, Interval { low: 1.0, high: 3.0 });
        let none = Distribution::of(&[]);
        assert_eq!((none.count, none.median), (0, 0.0));
    }

    proptest! {
        #[test]
        fn interval_holds_the_median_and_is_within_the_range(
            measurements in prop::collection::vec(0.0..1e6, 1..400),
        ) {
            let distribution = Distribution::of(&measurements);
            let Interval { low, high } = distribution.interval;
            prop_assert!(low <= distribution.median && distribution.median <= high);
            prop_assert!(measurements.contains(&low) && measurements.contains(&high));
        }

        #[test]
        fn more_measurements_narrow_the_interval(seed: u64) {
            let mut generator = fastrand::Rng::with_seed(seed);
            let mut width = |count: usize| {
                let measurements: Vec<f64> = (0..count).map(|_| generator.f64()).collect();
                let Interval { low, high } = Distribution::of(&measurements).interval;
                high - low
            };
            prop_assert!(width(4000) < width(40));
        }
    }
}
