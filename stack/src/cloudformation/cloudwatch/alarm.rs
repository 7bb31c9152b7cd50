//! `AWS::CloudWatch::Alarm`.

use serde::Serialize;

use crate::cloudformation::number::{Number, Period};
use crate::cloudformation::property::{PropertyValue, alternatives, leaves, properties};
use crate::cloudformation::resource::{NoAttribute, Resource, ResourceType, Retention, no_grants};
use crate::cloudformation::rights::{Rights, Target};
use crate::cloudformation::value::Value;

properties! {
    Alarm {
        "AlarmName" alarm_name: String => Replaces,
        "AlarmDescription" alarm_description: String => Plain,
        "AlarmActions" alarm_actions: Vec<Value<String>> => Plain,
        "OKActions" ok_actions: Vec<Value<String>> => Plain,
        "ComparisonOperator" comparison_operator: Comparison => Plain,
        "Threshold" threshold: u64 => Plain,
        "EvaluationPeriods" evaluation_periods: Number<1, 1440> => Plain,
        "TreatMissingData" treat_missing_data: &'static str => Plain,
        + measure: Measure,
    }

    /// One metric, by one of its statistics. The period is in seconds.
    Statistic {
        "Period" period: Period => Plain,
        "Statistic" statistic: &'static str => Plain,
        + metric: Metric,
    }

    /// One metric, by a percentile such as `p99`. The period is in seconds.
    Percentile {
        "Period" period: Period => Plain,
        "ExtendedStatistic" extended_statistic: &'static str => Plain,
        + metric: Metric,
    }

    /// An expression over several metrics.
    Expression {
        "Metrics" metrics: Vec<MetricDataQuery> => Plain,
    }

    Metric {
        "Namespace" namespace: &'static str => Plain,
        "MetricName" metric_name: &'static str => Plain,
        "Dimensions" dimensions: Vec<Dimension> => Plain,
    }

    Dimension {
        "Name" name: &'static str => Plain,
        "Value" value: Value<String> => Plain,
    }

    MetricQuery {
        "Id" id: &'static str => Plain,
        "MetricStat" metric_stat: MetricStat => Plain,
        "ReturnData" return_data: bool => Plain,
    }

    ExpressionQuery {
        "Id" id: &'static str => Plain,
        "Label" label: &'static str => Plain,
        "Expression" expression: String => Plain,
        "ReturnData" return_data: bool => Plain,
    }

    /// The period is in seconds.
    MetricStat {
        "Metric" metric: Metric => Plain,
        "Period" period: Period => Plain,
        "Stat" stat: &'static str => Plain,
    }
}

alternatives! {
    /// What an alarm watches.
    Measure { Statistic, Percentile, Expression }
}

alternatives!(MetricDataQuery { MetricQuery, ExpressionQuery });

#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) enum Comparison {
    GreaterThanThreshold,
    GreaterThanOrEqualToThreshold,
}

leaves!(Comparison);

impl Resource for Alarm {
    const TYPE: ResourceType = ResourceType {
        name: "AWS::CloudWatch::Alarm",
        retention: Retention::None,
        holds_data: false,
        longest_name: None,
        grants: no_grants,
        rights: Rights {
            read: &[
                (Target::AllAlarms, &["cloudwatch:DescribeAlarms"]),
                (Target::Alarms, &["cloudwatch:ListTagsForResource"]),
            ],
            deploy: &[(
                Target::Alarms,
                &[
                    "cloudwatch:DeleteAlarms",
                    "cloudwatch:PutMetricAlarm",
                    "cloudwatch:TagResource",
                    "cloudwatch:UntagResource",
                ],
            )],
        },
        properties: Self::PROPERTIES,
        other_replacing: &[],
    };
    type Attribute = NoAttribute;
}
