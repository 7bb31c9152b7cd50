//! `AWS::CloudWatch`.

mod alarm;
mod dashboard;

pub(crate) use alarm::{
    Alarm, Comparison, Dimension, Expression, ExpressionQuery, Measure, Metric, MetricDataQuery, MetricQuery,
    MetricStat, Percentile, Statistic,
};
pub(crate) use dashboard::Dashboard;
