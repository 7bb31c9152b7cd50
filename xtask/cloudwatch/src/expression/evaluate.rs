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

impl Expression {
    /// Evaluates the expression; `series` returns the values of an id.
    ///
    /// A number is a series with the same value in each period. A result without a finite value, such as a division
    /// by zero, is missing.
    pub fn evaluate(
        &self,
        periods: Periods,
        series: &dyn Fn(&str) -> Result<Series, EvaluationError>,
    ) -> Result<Series, EvaluationError> {
        let of = |expression: &Self| expression.evaluate(periods, series);
        Ok(match self {
            Self::Number(number) => vec![Some(*number); periods.count],
            Self::Id(id) => series(id)?,
            Self::Negative(operand) => of(operand)?.into_iter().map(|value| value.map(|it| -it)).collect(),
            Self::Binary(operator, left, right) => {
                let pairs = of(left)?.into_iter().zip(of(right)?);
                pairs.map(|(left, right)| operator.apply(left?, right?)).collect()
            }
            Self::If(arguments) => {
                let [condition, then, otherwise] = arguments.as_ref();
                let branches = of(then)?.into_iter().zip(of(otherwise)?);
                let choose = |(condition, (then, otherwise)): (Option<f64>, _)| {
                    if condition? == 0.0 { otherwise } else { then }
                };
                of(condition)?.into_iter().zip(branches).map(choose).collect()
            }
            Self::Fill(filled, Filling::Value(value)) => {
                let pairs = of(filled)?.into_iter().zip(of(value)?);
                pairs.map(|(found, value)| found.or(value)).collect()
            }
            Self::Fill(filled, Filling::Repeat) => {
                let mut last = None;
                let repeat = |found: Option<f64>| {
                    last = found.or(last);
                    last
                };
                of(filled)?.into_iter().map(repeat).collect()
            }
            Self::Epoch(operand) => {
                // Only its periods matter: there is a time for each, also where data is missing.
                of(operand)?;
                #[expect(clippy::cast_precision_loss, reason = "a Unix time in seconds is exact")]
                let times = periods.starts().map(|start| Some(start as f64)).collect();
                times
            }
        })
    }
}

impl Operator {
    #[expect(clippy::float_cmp, reason = "that is the meaning of the operator")]
    fn apply(self, left: f64, right: f64) -> Option<f64> {
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
