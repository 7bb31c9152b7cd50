//! Metric math: the part of it that alarms of this service use.
//!
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html>

mod evaluate;
mod parse;
mod token;

use std::fmt;
use std::str::FromStr;

pub use evaluate::{EvaluationError, Series};

/// An expression.
#[derive(Clone, Debug, PartialEq)]
pub enum Expression {
    /// A number.
    Number(f64),
    /// The id of a metric or of another expression.
    Id(String),
    /// The opposite number.
    Negative(Box<Expression>),
    /// Two operands.
    Binary(Operator, Box<Expression>, Box<Expression>),
    /// `IF(condition, then, otherwise)`.
    If(Box<[Expression; 3]>),
    /// `FILL(series, value)`.
    Fill(Box<Expression>, Filling),
    /// `EPOCH(series)`: the time of each data point in Unix seconds.
    Epoch(Box<Expression>),
}

/// What replaces a missing data point.
#[derive(Clone, Debug, PartialEq)]
pub enum Filling {
    /// The value of an expression.
    Value(Box<Expression>),
    /// The previous data point.
    Repeat,
}

/// An operator with two operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    /// `OR`.
    Or,
    /// `AND`.
    And,
    /// `==`.
    Equal,
    /// `!=`.
    NotEqual,
    /// `<=`.
    AtMost,
    /// `>=`.
    AtLeast,
    /// `<`.
    Less,
    /// `>`.
    Greater,
    /// `+`.
    Add,
    /// `-`.
    Subtract,
    /// `*`.
    Multiply,
    /// `/`.
    Divide,
    /// `^`.
    Power,
}

/// A text is not an expression, or one that is not emulated.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ExpressionError {
    /// The function exists at most on AWS.
    #[error("function {0} is not emulated")]
    Function(String),
    /// The text does not follow the grammar.
    #[error("the expression has {found} where {expected} belongs")]
    Syntax {
        /// What the text has.
        found: String,
        /// What belongs there.
        expected: &'static str,
    },
    /// The expression contains too many parentheses.
    #[error("the expression is nested too deeply")]
    TooDeep,
}

impl Operator {
    const fn symbol(self) -> &'static str {
        match self {
            Self::Or => "OR",
            Self::And => "AND",
            Self::Equal => "==",
            Self::NotEqual => "!=",
            Self::AtMost => "<=",
            Self::AtLeast => ">=",
            Self::Less => "<",
            Self::Greater => ">",
            Self::Add => "+",
            Self::Subtract => "-",
            Self::Multiply => "*",
            Self::Divide => "/",
            Self::Power => "^",
        }
    }
}

impl FromStr for Expression {
    type Err = ExpressionError;

    fn from_str(text: &str) -> Result<Self, ExpressionError> {
        parse::parse(text)
    }
}

impl fmt::Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => write!(f, "{number}"),
            Self::Id(id) => f.write_str(id),
            Self::Negative(operand) => write!(f, "-({operand})"),
            Self::Binary(operator, left, right) => write!(f, "({left}) {} ({right})", operator.symbol()),
            Self::If(arguments) => {
                let [condition, then, otherwise] = arguments.as_ref();
                write!(f, "IF({condition}, {then}, {otherwise})")
            }
            Self::Fill(series, Filling::Value(value)) => write!(f, "FILL({series}, {value})"),
            Self::Fill(series, Filling::Repeat) => write!(f, "FILL({series}, REPEAT)"),
            Self::Epoch(series) => write!(f, "EPOCH({series})"),
        }
    }
}

#[cfg(test)]
mod tests;
