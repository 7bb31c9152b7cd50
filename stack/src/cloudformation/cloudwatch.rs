//! `AWS::CloudWatch`.

mod alarm;
mod composite_alarm;
mod dashboard;

pub(crate) use alarm::{
    Alarm, Comparison, Dimension, Expression, ExpressionQuery, Measure, Metric, MetricDataQuery, MetricQuery,
    MetricStat, Percentile, Statistic,
};
pub(crate) use composite_alarm::{AlarmRule, CompositeAlarm};
pub(crate) use dashboard::Dashboard;
