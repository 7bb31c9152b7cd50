//! The metrics that Lambda publishes of a function:
//! <https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html>.

use std::time::Duration;

use chrono::Utc;
use cloudwatch::{Metric, Metrics};

use super::InvocationOutcome;
use crate::control_plane::FunctionName;

/// Publishes the metrics of one function.
pub(super) struct PublishedMetrics {
    metrics: Metrics,
    function: FunctionName,
}

impl PublishedMetrics {
    pub(super) fn new(metrics: Metrics, function: FunctionName) -> Self {
        Self { metrics, function }
    }

    /// Publishes how many invocations run at the same time.
    pub(super) fn started(&self, concurrent: usize) {
        self.record(
            "ConcurrentExecutions",
            "Count",
            f64::from(u32::try_from(concurrent).unwrap_or(u32::MAX)),
        );
    }

    /// Publishes an invocation that has ended. None is throttled here: it waits for an instance.
    pub(super) fn ended(&self, outcome: &InvocationOutcome, duration: Duration) {
        let failed = matches!(outcome, InvocationOutcome::FunctionError(_));
        self.record("Invocations", "Count", 1.0);
        self.record("Errors", "Count", f64::from(u8::from(failed)));
        self.record("Throttles", "Count", 0.0);
        self.record("Duration", "Milliseconds", duration.as_secs_f64() * 1000.0);
    }

    fn record(&self, name: &str, unit: &str, value: f64) {
        let metric = Metric::new("AWS/Lambda", name, [("FunctionName", self.function.as_str())]);
        self.metrics.record(&metric, unit, value, Utc::now().timestamp());
    }
}
