//! The line of an event, which contains its metrics.
//!
//! CloudWatch extracts the metrics from the line. Their values and dimensions are members of the line, and
//! `_aws` names them:
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>.

use std::time::Duration;

use chrono::{DateTime, SecondsFormat, Utc};
use openapi::telemetry::{Metric, NAMESPACE};
use serde::Serialize;
use serde_json::{Value, json};

use super::activity::Activity;
use super::ending::{Ending, Severity};
use super::invocation::Invocation;

/// Returns the line of an event, with its end.
pub(super) fn line(
    function: &str,
    activity: &Activity,
    invocation: &Invocation,
    ending: &Ending,
    ended: DateTime<Utc>,
) -> Vec<u8> {
    let mut line = Line(Vec::with_capacity(1024));
    line.member("timestamp", &ended.to_rfc3339_opts(SecondsFormat::Micros, true));
    line.member("level", level(ending.severity));
    line.member("message", ending.summary.message());
    for field in &ending.fields {
        line.member(field.name, &field.value);
    }
    let (sql_statements, aws_calls, reconnects) = {
        let steps = activity.steps();
        (steps.sql_statements, steps.aws_calls, steps.reconnects)
    };
    line.member("sql_statements", &sql_statements);
    line.member("aws_calls", &aws_calls);
    line.member("cold_start", &ending.is_cold_start);
    let mut metrics = ending.metrics.clone();
    if ending.is_cold_start {
        metrics.push((Metric::COLD_STARTS, 1.into()));
    }
    if reconnects > 0 {
        metrics.push((Metric::DATABASE_RECONNECTS, reconnects.into()));
    }
    for (metric, value) in &metrics {
        line.member(metric.name, value);
    }
    line.member("target", ending.target);
    line.member("function_name", function);
    line.member("requestId", &invocation.id);
    if let Some(trace) = activity.trace() {
        line.member("trace_id", &trace.root.to_string());
    }
    if !metrics.is_empty() {
        let directives = directives(&metrics);
        let embedded = json!({ "Timestamp": ended.timestamp_millis(), "CloudWatchMetrics": directives });
        line.member("_aws", &embedded);
    }
    line.end()
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Success | Severity::Refusal => "INFO",
        Severity::Partial => "WARN",
        Severity::Failure => "ERROR",
    }
}

/// Returns a directive for the metrics of each group of dimensions.
fn directives(metrics: &[(Metric, Value)]) -> Vec<Value> {
    let mut groups: Vec<(&[&[&str]], Vec<Value>)> = Vec::new();
    for (metric, _) in metrics {
        let definition = json!({ "Name": metric.name, "Unit": metric.unit.name() });
        match groups.iter_mut().find(|(dimensions, _)| *dimensions == metric.dimensions) {
            Some((_, definitions)) => definitions.push(definition),
            None => groups.push((metric.dimensions, vec![definition])),
        }
    }
    let directive = |(dimensions, metrics)| json!({ "Namespace": NAMESPACE, "Dimensions": dimensions, "Metrics": metrics });
    groups.into_iter().map(directive).collect()
}

/// Returns milliseconds with three digits after the point.
pub(crate) fn milliseconds(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1e6).round() / 1e3
}

/// A JSON object that is written member by member.
struct Line(Vec<u8>);

impl Line {
    fn member(&mut self, name: &str, value: &(impl Serialize + ?Sized)) {
        let start = self.0.len();
        self.0.push(if start == 0 { b'{' } else { b',' });
        let written = serde_json::to_writer(&mut self.0, name).and_then(|()| {
            self.0.push(b':');
            serde_json::to_writer(&mut self.0, value)
        });
        // Texts, numbers and objects with keys of text are always JSON.
        if written.is_err() {
            self.0.truncate(start);
        }
    }

    fn end(mut self) -> Vec<u8> {
        self.0.extend_from_slice(b"}\n");
        self.0
    }
}
