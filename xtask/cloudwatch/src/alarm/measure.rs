//! What an alarm compares with its threshold.

use super::AlarmError;
use crate::expression::{EvaluationError, Expression, Series};
use crate::metric::Metric;
use crate::metrics::Metrics;
use crate::periods::Periods;
use crate::statistic::Statistic;

/// What an alarm compares with its threshold.
#[derive(Clone, Debug, PartialEq)]
pub enum Measure {
    /// A statistic of a metric.
    Statistic(Metric, Statistic),
    /// The result of metric math.
    Math(Vec<Query>),
}

/// A query of metric math.
#[derive(Clone, Debug, PartialEq)]
pub struct Query {
    /// The id by which expressions refer to it.
    pub id: String,
    /// Its data.
    pub data: QueryData,
    /// Whether its data is the result.
    pub is_result: bool,
}

/// The data of a query.
#[derive(Clone, Debug, PartialEq)]
pub enum QueryData {
    /// A statistic of a metric.
    Statistic(Metric, Statistic),
    /// An expression over other queries.
    Expression(Expression),
}

impl Measure {
    /// Returns a value for each period.
    pub(super) fn series(&self, metrics: &Metrics, periods: Periods) -> Result<Series, AlarmError> {
        match self {
            Self::Statistic(metric, statistic) => Ok(metrics.series(metric, *statistic, periods)),
            Self::Math(queries) => {
                let result = queries.iter().find(|query| query.is_result).ok_or(AlarmError::NoResult)?;
                let math = Math { queries, metrics, periods };
                Ok(math.series(result, &[])?)
            }
        }
    }
}

struct Math<'a> {
    queries: &'a [Query],
    metrics: &'a Metrics,
    periods: Periods,
}

impl Math<'_> {
    /// Evaluates a query; `parents` are the ids of the queries that lead to it.
    fn series(&self, query: &Query, parents: &[&str]) -> Result<Series, EvaluationError> {
        let id = query.id.as_str();
        match &query.data {
            QueryData::Statistic(metric, statistic) => {
                Ok(self.metrics.series(metric, *statistic, self.periods))
            }
            QueryData::Expression(_) if parents.contains(&id) => {
                Err(EvaluationError::Circular(id.to_owned()))
            }
            QueryData::Expression(expression) => {
                let parents = [parents, &[id]].concat();
                expression.evaluate(self.periods, &|id| {
                    let query = self.queries.iter().find(|query| query.id == id);
                    let query = query.ok_or_else(|| EvaluationError::UnknownId(id.to_owned()))?;
                    self.series(query, &parents)
                })
            }
        }
    }
}
