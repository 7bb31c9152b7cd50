//! What alarms measure.

use crate::cloudformation::{
    ExpressionQuery, Measure, Metric, MetricDataQuery, MetricQuery, MetricStat, Period, Statistic,
};

pub(super) const MINUTE: Period = Period::minutes::<1>();
pub(super) const FIVE_MINUTES: Period = Period::minutes::<5>();
pub(super) const HOUR: Period = Period::minutes::<60>();

pub(super) fn sum(metric: Metric, period: Period) -> Measure {
    Measure::Statistic(Statistic { metric, period, statistic: "Sum" })
}

pub(super) fn maximum(metric: Metric, period: Period) -> Measure {
    Measure::Statistic(Statistic { metric, period, statistic: "Maximum" })
}

/// Returns a metric that an expression reads.
pub(super) fn input(id: &'static str, metric: Metric, period: Period, stat: &'static str) -> MetricDataQuery {
    let metric_stat = MetricStat { metric, period, stat };
    MetricDataQuery::MetricQuery(MetricQuery { id, metric_stat, return_data: false })
}

/// Returns the expression that an alarm measures.
pub(super) fn result(id: &'static str, label: &'static str, expression: String) -> MetricDataQuery {
    MetricDataQuery::ExpressionQuery(ExpressionQuery { id, label, expression, return_data: true })
}
