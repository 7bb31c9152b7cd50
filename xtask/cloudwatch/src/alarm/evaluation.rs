//! Evaluates metric alarms.

use super::missing::{evaluation_range, state};
use super::{MetricAlarm, State};
use crate::expression::{EvaluationError, Series};
use crate::metrics::Metrics;
use crate::periods::Periods;

/// The result of an evaluation.
#[derive(Clone, Debug, PartialEq)]
pub struct Evaluation {
    /// The state, or none if the alarm keeps the state that it has.
    pub state: Option<State>,
    /// The reason, as CloudWatch words it.
    pub reason: String,
}

/// Why an alarm cannot be evaluated.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AlarmError {
    /// No query of the alarm is its result.
    #[error("no query of the alarm returns data")]
    NoResult,
    /// An expression has no value.
    #[error(transparent)]
    Expression(#[from] EvaluationError),
}

impl MetricAlarm {
    /// Evaluates the alarm at a time in Unix seconds.
    pub fn evaluate(&self, metrics: &Metrics, now: i64) -> Result<Evaluation, AlarmError> {
        let range = evaluation_range(self.evaluation_periods);
        let periods = Periods::until(now, self.period_seconds, range);
        let series = self.measure.series(metrics, periods)?;
        let points: Vec<_> = series.iter().map(|value| value.map(|value| self.is_breaching(value))).collect();
        let state = state(&points, self.evaluation_periods, self.datapoints_to_alarm, self.missing_data);
        let reason = self.reason(state, &series);
        Ok(Evaluation { state, reason })
    }

    fn is_breaching(&self, value: f64) -> bool {
        self.comparison.is_breaching(value, self.threshold)
    }

    fn reason(&self, state: Option<State>, series: &Series) -> String {
        let values: Vec<f64> = series.iter().rev().copied().flatten().take(self.evaluation_periods).collect();
        if values.is_empty() {
            let periods = self.evaluation_periods;
            return match state {
                Some(State::InsufficientData) => "Insufficient Data: no data points".to_owned(),
                _ => format!("Threshold Crossed: no data points in the last {periods} periods"),
            };
        }
        let shown: Vec<String> = values.iter().map(ToString::to_string).collect();
        let breaching = values.iter().filter(|value| self.is_breaching(**value)).count();
        format!(
            "Threshold Crossed: {breaching} of {} data points [{}] {} {} the threshold ({})",
            values.len(),
            shown.join(", "),
            if breaching == 1 { "was" } else { "were" },
            self.comparison.words(),
            self.threshold
        )
    }
}
