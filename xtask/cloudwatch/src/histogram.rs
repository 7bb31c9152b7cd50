//! The distribution of values, in limited memory.

use std::collections::BTreeMap;

/// The ratio of the bounds of a bucket, so a percentile is accurate to half a percent.
const RATIO: f64 = 1.01;

/// Counts of positive values in buckets of exponential size, and of values that are zero or less.
///
/// CloudWatch keeps distributions in the same form:
/// <https://github.com/aws/amazon-cloudwatch-agent/tree/main/metric/distribution/seh1>.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Histogram {
    not_positive: f64,
    buckets: BTreeMap<i32, f64>,
}

impl Histogram {
    pub(crate) fn add(&mut self, value: f64, count: f64) {
        if value > 0.0 {
            *self.buckets.entry(bucket(value)).or_default() += count;
        } else {
            self.not_positive += count;
        }
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        self.not_positive += other.not_positive;
        for (bucket, count) in &other.buckets {
            *self.buckets.entry(*bucket).or_default() += count;
        }
    }

    /// Returns the value below or at which this percentage of all values is.
    pub(crate) fn percentile(&self, rank: f64) -> Option<f64> {
        let total = self.not_positive + self.buckets.values().sum::<f64>();
        let wanted = rank / 100.0 * total;
        let mut seen = self.not_positive;
        if total <= 0.0 || (seen > 0.0 && seen >= wanted) {
            return (total > 0.0).then_some(0.0);
        }
        for (bucket, count) in &self.buckets {
            seen += count;
            if seen >= wanted {
                return Some(middle(*bucket));
            }
        }
        self.buckets.keys().next_back().copied().map(middle)
    }
}

#[expect(clippy::cast_possible_truncation, reason = "the logarithm of a finite number to this base fits")]
fn bucket(value: f64) -> i32 {
    value.log(RATIO).floor() as i32
}

/// Returns the middle of a bucket.
fn middle(bucket: i32) -> f64 {
    RATIO.powf(f64::from(bucket) + 0.5)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Histogram;

    proptest! {
        #[test]
        fn percentile_is_close_to_the_exact_value(
            mut values in proptest::collection::vec(0.001..1e9_f64, 1..200),
            rank in 0.0..=100.0_f64,
        ) {
            let mut histogram = Histogram::default();
            for value in &values {
                histogram.add(*value, 1.0);
            }
            values.sort_by(f64::total_cmp);
            let below = |limit: f64| values.iter().filter(|value| **value <= limit).map(|_| 1.0).sum::<f64>();
            let found = histogram.percentile(rank).unwrap();
            // Some exact percentile is within the bucket.
            let wanted = rank / 100.0 * below(f64::INFINITY);
            prop_assert!(below(found * 1.01) >= wanted);
            prop_assert!(below(found / 1.01) <= wanted.max(1.0));
        }
    }

    #[test]
    fn zeros_are_counted() {
        let mut histogram = Histogram::default();
        assert_eq!(histogram.percentile(50.0), None);
        histogram.add(0.0, 9.0);
        histogram.add(100.0, 1.0);
        assert_eq!(histogram.percentile(90.0), Some(0.0));
        assert!((histogram.percentile(99.0).unwrap() - 100.0).abs() < 1.0);
    }
}
