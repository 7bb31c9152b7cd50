//! Alarms on the responses of the API.

use super::builder::{Alarms, Definition, Notification, Text};
use super::measures::{FIVE_MINUTES, input, result};
use crate::cloudformation::{Comparison, Dimension, Expression, Measure, Metric, Number, Percentile};
use crate::infrastructure::gateway::Gateway;

pub(super) fn add(alarms: &mut Alarms<'_>, gateway: &Gateway) {
    let metric = |metric_name| Metric {
        namespace: "AWS/ApiGateway",
        metric_name,
        dimensions: vec![Dimension { name: "ApiId", value: gateway.api.reference() }],
    };
    // One failure among a few requests is not a rate.
    let expression = "IF(requests >= 20, 100 * errors / requests, 0)".to_owned();
    alarms.add(Definition {
        id: "ApiFailureRateAlarm",
        text: Text {
            name: "api-5xx",
            meaning: "More than 5 % of the API's responses are 5xx.",
            command: "logs --errors --since 1h",
            then: "it shows the cause under each errorId.",
        },
        notification: Notification::ApiHealth,
        measure: Measure::Expression(Expression {
            metrics: vec![
                input("errors", metric("5xx"), FIVE_MINUTES, "Sum"),
                input("requests", metric("Count"), FIVE_MINUTES, "Sum"),
                result("failure_rate", "5xx in %", expression),
            ],
        }),
        comparison: Comparison::GreaterThanThreshold,
        threshold: 5,
        periods: Number::of::<2>(),
    });
    alarms.guards_deployments("ApiFailureRateAlarm");
    // It guards no deployment: CloudFormation accepts five alarms, and this one takes 15 minutes to become active.
    alarms.add(Definition {
        id: "ApiLatencyAlarm",
        text: Text {
            name: "api-latency",
            meaning: "One request in a hundred takes more than five seconds.",
            command: "metrics",
            then: "it shows which route is slow; then look at a trace of one of its requests.",
        },
        notification: Notification::ApiHealth,
        measure: Measure::Percentile(Percentile {
            metric: metric("Latency"),
            period: FIVE_MINUTES,
            extended_statistic: "p99",
        }),
        comparison: Comparison::GreaterThanThreshold,
        threshold: 5_000,
        periods: Number::of::<3>(),
    });
}
