//! `AWS::CloudWatch::Alarm`.

use serde::Serialize;

use crate::cloudformation::resource::{NoAttribute, Resource};
use crate::cloudformation::value::Value;

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Alarm {
    pub alarm_name: String,
    pub alarm_description: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub alarm_actions: Vec<Value<String>>,
    #[serde(rename = "OKActions", skip_serializing_if = "Vec::is_empty")]
    pub ok_actions: Vec<Value<String>>,
    pub comparison_operator: Comparison,
    pub threshold: u64,
    pub evaluation_periods: u32,
    pub treat_missing_data: &'static str,
    #[serde(flatten)]
    pub measure: Measure,
}

impl Resource for Alarm {
    const TYPE: &'static str = "AWS::CloudWatch::Alarm";
    type Attribute = NoAttribute;
}

#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) enum Comparison {
    GreaterThanThreshold,
    GreaterThanOrEqualToThreshold,
}

/// What an alarm watches. Periods in seconds.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum Measure {
    /// One metric, by one of its statistics.
    #[serde(rename_all = "PascalCase")]
    Statistic {
        #[serde(flatten)]
        metric: Metric,
        period: u32,
        statistic: &'static str,
    },
    /// One metric, by a percentile such as `p99`.
    #[serde(rename_all = "PascalCase")]
    Percentile {
        #[serde(flatten)]
        metric: Metric,
        period: u32,
        extended_statistic: &'static str,
    },
    /// An expression over several.
    #[serde(rename_all = "PascalCase")]
    Expression { metrics: Vec<MetricDataQuery> },
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Metric {
    pub namespace: &'static str,
    pub metric_name: &'static str,
    pub dimensions: Vec<Dimension>,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Dimension {
    pub name: &'static str,
    pub value: Value<String>,
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum MetricDataQuery {
    #[serde(rename_all = "PascalCase")]
    Metric { id: &'static str, metric_stat: MetricStat, return_data: bool },
    #[serde(rename_all = "PascalCase")]
    Expression { id: &'static str, label: &'static str, expression: String, return_data: bool },
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct MetricStat {
    pub metric: Metric,
    pub period: u32,
    pub stat: &'static str,
}
