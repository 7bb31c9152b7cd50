//! Metric alarms and their states.

mod evaluation;
mod measure;
mod missing;

use std::str::FromStr;

pub use evaluation::{AlarmError, Evaluation};
pub use measure::{Measure, Query, QueryData};
pub use missing::MissingData;

/// A metric alarm.
///
/// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-evaluation.html>
#[derive(Clone, Debug, PartialEq)]
pub struct MetricAlarm {
    /// What is compared with the threshold.
    pub measure: Measure,
    /// The length of a period in seconds.
    pub period_seconds: i64,
    /// How a data point is compared.
    pub comparison: Comparison,
    /// The threshold.
    pub threshold: f64,
    /// The number of periods that are evaluated.
    pub evaluation_periods: usize,
    /// How many of them have to be breaching.
    pub datapoints_to_alarm: usize,
    /// How missing data points are treated.
    pub missing_data: MissingData,
}

/// The state of an alarm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// The condition holds.
    Alarm,
    /// The condition does not hold.
    Ok,
    /// There is too little data to decide.
    InsufficientData,
}

/// How a data point is compared with the threshold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// Above the threshold is breaching.
    Greater,
    /// The threshold and above is breaching.
    GreaterOrEqual,
    /// Below the threshold is breaching.
    Less,
    /// The threshold and below is breaching.
    LessOrEqual,
}

/// A text names nothing of this kind that is emulated.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0} is not emulated")]
pub struct UnknownName(String);

impl State {
    /// Returns the name in the API.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Alarm => "ALARM",
            Self::Ok => "OK",
            Self::InsufficientData => "INSUFFICIENT_DATA",
        }
    }
}

impl FromStr for State {
    type Err = UnknownName;

    fn from_str(text: &str) -> Result<Self, UnknownName> {
        let states = [Self::Alarm, Self::Ok, Self::InsufficientData];
        let found = states.into_iter().find(|state| state.name() == text);
        found.ok_or_else(|| UnknownName(format!("state {text}")))
    }
}

impl Comparison {
    const ALL: [Self; 4] = [Self::Greater, Self::GreaterOrEqual, Self::Less, Self::LessOrEqual];

    const fn name(self) -> &'static str {
        match self {
            Self::Greater => "GreaterThanThreshold",
            Self::GreaterOrEqual => "GreaterThanOrEqualToThreshold",
            Self::Less => "LessThanThreshold",
            Self::LessOrEqual => "LessThanOrEqualToThreshold",
        }
    }

    /// Returns the words for it in the reason of a state.
    const fn words(self) -> &'static str {
        match self {
            Self::Greater => "greater than",
            Self::GreaterOrEqual => "greater than or equal to",
            Self::Less => "less than",
            Self::LessOrEqual => "less than or equal to",
        }
    }

    fn is_breaching(self, value: f64, threshold: f64) -> bool {
        match self {
            Self::Greater => value > threshold,
            Self::GreaterOrEqual => value >= threshold,
            Self::Less => value < threshold,
            Self::LessOrEqual => value <= threshold,
        }
    }
}

impl FromStr for Comparison {
    type Err = UnknownName;

    fn from_str(text: &str) -> Result<Self, UnknownName> {
        let found = Self::ALL.into_iter().find(|comparison| comparison.name() == text);
        found.ok_or_else(|| UnknownName(format!("comparison {text}")))
    }
}

#[cfg(test)]
mod tests;
