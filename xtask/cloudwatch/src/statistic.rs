//! Statistics over the values of a period.

use std::str::FromStr;

use crate::histogram::Histogram;

/// A statistic of a metric.
///
/// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Statistics-definitions.html>
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Statistic {
    /// The number of values.
    SampleCount,
    /// The sum of the values.
    Sum,
    /// The mean of the values.
    Average,
    /// The lowest value.
    Minimum,
    /// The highest value.
    Maximum,
    /// A percentile, such as 99 for `p99`.
    Percentile(f64),
}

/// A text names no statistic that is emulated.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("statistic {0} is not emulated; use Sum, Average, Minimum, Maximum, SampleCount or a percentile")]
pub struct StatisticError(String);

impl FromStr for Statistic {
    type Err = StatisticError;

    fn from_str(text: &str) -> Result<Self, StatisticError> {
        let percentile = || {
            let rank: f64 = text.strip_prefix('p')?.parse().ok()?;
            (0.0..=100.0).contains(&rank).then_some(Self::Percentile(rank))
        };
        match text {
            "SampleCount" => Ok(Self::SampleCount),
            "Sum" => Ok(Self::Sum),
            "Average" => Ok(Self::Average),
            "Minimum" => Ok(Self::Minimum),
            "Maximum" => Ok(Self::Maximum),
            _ => percentile().ok_or_else(|| StatisticError(text.to_owned())),
        }
    }
}

/// The values of a period, summarized.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Summary {
    count: f64,
    sum: f64,
    extremes: Option<(f64, f64)>,
    histogram: Histogram,
}

impl Summary {
    /// Adds a value that occurred `count` times.
    pub(crate) fn add(&mut self, value: f64, count: f64) {
        self.count += count;
        self.sum += value * count;
        self.extend(value, value);
        self.histogram.add(value, count);
    }

    /// Adds the values of another period.
    pub(crate) fn merge(&mut self, other: &Self) {
        self.count += other.count;
        self.sum += other.sum;
        if let Some((minimum, maximum)) = other.extremes {
            self.extend(minimum, maximum);
        }
        self.histogram.merge(&other.histogram);
    }

    fn extend(&mut self, minimum: f64, maximum: f64) {
        let (lowest, highest) = self.extremes.unwrap_or((minimum, maximum));
        self.extremes = Some((lowest.min(minimum), highest.max(maximum)));
    }

    /// Returns a statistic, or none without values.
    pub(crate) fn get(&self, statistic: Statistic) -> Option<f64> {
        let (minimum, maximum) = self.extremes?;
        match statistic {
            Statistic::SampleCount => Some(self.count),
            Statistic::Sum => Some(self.sum),
            Statistic::Average => Some(self.sum / self.count),
            Statistic::Minimum => Some(minimum),
            Statistic::Maximum => Some(maximum),
            // "not available for metrics when any of the metric values are negative numbers":
            // https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_concepts.html#Percentiles
            Statistic::Percentile(_) if minimum < 0.0 => None,
            Statistic::Percentile(rank) => {
                self.histogram.percentile(rank).map(|value| value.clamp(minimum, maximum))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Statistic, Summary};

    fn summary(values: &[f64]) -> Summary {
        let mut summary = Summary::default();
        for value in values {
            summary.add(*value, 1.0);
        }
        summary
    }

    #[test]
    fn summary_has_all_statistics() {
        let summary = summary(&[4.0, 1.0, 7.0]);
        let get = |name: &str| summary.get(name.parse().unwrap()).unwrap();
        let close = |a: f64, b: f64| (a / b - 1.0).abs() < 0.01;
        for (name, expected) in [
            ("SampleCount", 3.0),
            ("Sum", 12.0),
            ("Average", 4.0),
            ("Minimum", 1.0),
            ("Maximum", 7.0),
            ("p0", 1.0),
            ("p50", 4.0),
            ("p99.9", 7.0),
        ] {
            assert!(close(get(name), expected), "{name}: {}", get(name));
        }
    }

    #[test]
    fn merged_summary_equals_that_of_all_values() {
        let mut merged = summary(&[3.0, 9.0]);
        merged.merge(&summary(&[]));
        merged.merge(&summary(&[1.0]));
        assert_eq!(merged, summary(&[3.0, 9.0, 1.0]));
    }

    #[test]
    fn nothing_has_no_statistics_and_negative_values_no_percentile() {
        assert_eq!(summary(&[]).get(Statistic::Sum), None);
        assert_eq!(summary(&[-1.0, 5.0]).get(Statistic::Percentile(50.0)), None);
    }

    #[test]
    fn unknown_statistic_is_named() {
        for name in ["tm90", "p101", "p", "sum", "IQM"] {
            let error = name.parse::<Statistic>().unwrap_err().to_string();
            assert!(error.contains(&format!("statistic {name} is not emulated")), "{error}");
        }
    }
}
