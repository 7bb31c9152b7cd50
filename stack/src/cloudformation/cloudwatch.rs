//! `AWS::CloudWatch`.

mod alarm;
mod dashboard;

pub(crate) use alarm::{Alarm, Comparison, Dimension, Measure, Metric, MetricDataQuery, MetricStat};
pub(crate) use dashboard::Dashboard;
