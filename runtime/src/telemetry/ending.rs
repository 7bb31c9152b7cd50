//! The end of an event.

use openapi::telemetry::{Field, Metric, Summary};
use serde_json::Value;

/// How an event ended, with the fields of its log line and the annotations of its trace.
#[derive(Debug)]
pub(crate) struct Ending {
    pub(super) summary: Summary,
    pub(super) target: &'static str,
    pub(super) severity: Severity,
    pub(super) is_cold_start: bool,
    pub(super) fields: Vec<EndingField>,
    pub(super) metrics: Vec<(Metric, Value)>,
    pub(super) status: Option<u16>,
    pub(super) cause: Option<String>,
}

#[derive(Debug)]
pub(super) struct EndingField {
    pub(super) name: &'static str,
    pub(super) value: Value,
    /// Whether traces can be found by the field.
    pub(super) is_annotation: bool,
}

/// How serious the end of an event is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Severity {
    /// The event did what it was for.
    Success,
    /// The caller asked for something wrong.
    Refusal,
    /// It succeeded in part, and someone should look at the rest.
    Partial,
    /// It failed.
    Failure,
}

impl Ending {
    pub(crate) fn new(
        summary: Summary,
        target: &'static str,
        severity: Severity,
        is_cold_start: bool,
    ) -> Self {
        Self {
            summary,
            target,
            severity,
            is_cold_start,
            fields: Vec::with_capacity(16),
            metrics: Vec::with_capacity(4),
            status: None,
            cause: None,
        }
    }

    /// Adds a field to the line.
    pub(crate) fn field(&mut self, name: &'static str, value: impl Into<Value>) {
        self.add(name, value.into(), false);
    }

    /// Adds a field to the line, by which the trace can be found as well.
    pub(crate) fn annotation(&mut self, name: &'static str, value: impl Into<Value>) {
        self.add(name, value.into(), true);
    }

    /// Adds a field if it has a value, by which the trace can be found as well.
    pub(crate) fn annotation_if_some(&mut self, name: &'static str, value: Option<impl Into<Value>>) {
        if let Some(value) = value {
            self.annotation(name, value);
        }
    }

    /// Adds the status of the response.
    pub(crate) fn status(&mut self, status: u16) {
        self.status = Some(status);
        self.field("status", status);
    }

    /// Adds the error behind a refusal or a failure.
    pub(crate) fn cause(&mut self, cause: String) {
        self.field("cause", cause.clone());
        self.cause = Some(cause);
    }

    /// Adds a value of a metric.
    pub(crate) fn metric(&mut self, metric: Metric, value: impl Into<Value>) {
        self.metrics.push((metric, value.into()));
    }

    fn add(&mut self, name: &'static str, value: Value, is_annotation: bool) {
        debug_assert!(Field::named(name).is_some(), "{name} is not a field of the log");
        self.fields.push(EndingField { name, value, is_annotation });
    }
}
