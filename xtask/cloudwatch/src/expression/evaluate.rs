//! Evaluates expressions over the periods of an alarm.

use super::{Expression, Filling, Operator};
use crate::periods::Periods;

/// A value for each period, or none where data is missing.
pub type Series = Vec<Option<f64>>;

/// Why an expression has no value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EvaluationError {
    /// An id in it is that of no query.
    #[error("the expression refers to {0}, which is no query")]
    UnknownId(String),
    /// The expressions refer to each other.
    #[error("the expression refers to itself by {0}")]
    Circular(String),
}

/// The value of a part of an expression.
#[derive(Clone)]
enum Operand {
    /// A number that has no data points of its own, or none if it is not finite.
    Scalar(Option<f64>),
    Series(Series),
}

impl Operand {
    /// Returns the value in each of a number of periods.
    fn into_series(self, count: usize) -> Series {
        match self {
            Self::Scalar(number) => vec![number; count],
            Self::Series(series) => series,
        }
    }

    /// Returns this operand with 0 where `is_needed` and there is no value.
    fn or_zero(self, is_needed: impl Iterator<Item = bool>) -> Self {
        match self {
            Self::Scalar(_) => self,
            Self::Series(series) => {
                let pairs = series.into_iter().zip(is_needed);
                Self::Series(pairs.map(|(value, is_needed)| value.or(is_needed.then_some(0.0))).collect())
            }
        }
    }
}

impl Expression {
    /// Evaluates the expression; `series` returns the values of an id.
    ///
    /// A result that is not finite, such as that of a division by zero, is missing.
    pub fn evaluate(
        &self,
        periods: Periods,
        series: &dyn Fn(&str) -> Result<Series, EvaluationError>,
    ) -> Result<Series, EvaluationError> {
        Ok(self.operand(periods, series)?.into_series(periods.count))
    }

    fn operand(
        &self,
        periods: Periods,
        series: &dyn Fn(&str) -> Result<Series, EvaluationError>,
    ) -> Result<Operand, EvaluationError> {
        let of = |expression: &Self| expression.operand(periods, series);
        let series_of = |expression: &Self| expression.evaluate(periods, series);
        Ok(Operand::Series(match self {
            Self::Number(number) => return Ok(Operand::Scalar(Some(*number))),
            Self::Id(id) => series(id)?,
            Self::Negative(operand) => match of(operand)? {
                Operand::Scalar(number) => return Ok(Operand::Scalar(number.map(|it| -it))),
                Operand::Series(series) => series.into_iter().map(|value| value.map(|it| -it)).collect(),
            },
            Self::Binary(operator, left, right) => match (of(left)?, of(right)?) {
                (Operand::Scalar(left), Operand::Scalar(right)) => {
                    return Ok(Operand::Scalar(operator.apply(left, right)));
                }
                (left, right) => {
                    let (left, right) = aligned(left, right, periods.count);
                    left.into_iter().zip(right).map(|(left, right)| operator.apply(left, right)).collect()
                }
            },
            Self::If(arguments) => {
                let [condition, then, otherwise] = arguments.as_ref();
                let (condition, then, otherwise) = (of(condition)?, of(then)?, of(otherwise)?);
                if let Operand::Scalar(condition) = condition {
                    return Ok(match condition {
                        Some(0.0) => otherwise,
                        Some(_) => then,
                        None => Operand::Scalar(None),
                    });
                }
                let condition = condition.into_series(periods.count);
                let is_true = condition.iter().map(|value| value.is_some_and(|it| it != 0.0));
                // "0, if the corresponding data point of metric1 is TRUE and the corresponding data point does not
                // exist in metric2":
                // https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html#using-IF-expressions
                let then = then.or_zero(is_true).into_series(periods.count);
                let branches = then.into_iter().zip(otherwise.into_series(periods.count));
                let choose = |(condition, (then, otherwise)): (Option<f64>, _)| {
                    if condition? == 0.0 { otherwise } else { then }
                };
                condition.into_iter().zip(branches).map(choose).collect()
            }
            Self::Fill(filled, Filling::Value(value)) => {
                let pairs = series_of(filled)?.into_iter().zip(series_of(value)?);
                pairs.map(|(found, value)| found.or(value)).collect()
            }
            Self::Fill(filled, Filling::Repeat) => {
                let mut last = None;
                let repeat = |found: Option<f64>| {
                    last = found.or(last);
                    last
                };
                series_of(filled)?.into_iter().map(repeat).collect()
            }
            Self::Epoch(operand) => {
                // "a new non-sparse time series": there is a time for each period, also where data is missing.
                of(operand)?;
                #[expect(clippy::cast_precision_loss, reason = "a Unix time in seconds is exact")]
                let times = periods.starts().map(|start| Some(start as f64)).collect();
                times
            }
        }))
    }
}

/// Returns two operands as series. Where only one has a value, the other is 0.
///
/// "Missing values in a time series are treated as 0":
/// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html#metric-math-syntax-arithmetic>.
fn aligned(left: Operand, right: Operand, count: usize) -> (Series, Series) {
    let has_value = |operand: &Operand| match operand {
        Operand::Scalar(_) => vec![false; count],
        Operand::Series(series) => series.iter().map(Option::is_some).collect(),
    };
    let (in_left, in_right) = (has_value(&left), has_value(&right));
    let left = left.or_zero(in_right.into_iter()).into_series(count);
    let right = right.or_zero(in_left.into_iter()).into_series(count);
    (left, right)
}

impl Operator {
    #[expect(clippy::float_cmp, reason = "that is the meaning of the operator")]
    fn apply(self, left: Option<f64>, right: Option<f64>) -> Option<f64> {
        let (left, right) = (left?, right?);
        let truth = |value: bool| f64::from(u8::from(value));
        let value = match self {
            Self::Or => truth(left != 0.0 || right != 0.0),
            Self::And => truth(left != 0.0 && right != 0.0),
            Self::Equal => truth(left == right),
            Self::NotEqual => truth(left != right),
            Self::AtMost => truth(left <= right),
            Self::AtLeast => truth(left >= right),
            Self::Less => truth(left < right),
            Self::Greater => truth(left > right),
            Self::Add => left + right,
            Self::Subtract => left - right,
            Self::Multiply => left * right,
            Self::Divide => left / right,
            Self::Power => left.powf(right),
        };
        value.is_finite().then_some(value)
    }
}
