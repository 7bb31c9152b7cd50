//! The fields of the functions' log lines.

use super::metrics::METRICS;

/// A field of a log line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    /// The name.
    pub name: &'static str,
    /// The type of its value in JSON.
    pub kind: FieldKind,
    /// What a value means.
    pub meaning: &'static str,
}

/// The type of a value in JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldKind {
    /// A text.
    Text,
    /// A whole number.
    Integer,
    /// A number, which may be a fraction.
    Number,
    /// `true` or `false`.
    Boolean,
    /// An object whose values are numbers.
    Numbers,
    /// Any JSON object.
    Object,
}

/// The summaries: the message of the one line that each event has.
///
/// They are written at every `LOG_LEVEL`, because they contain the metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Summary {
    /// A request to the API function.
    Request,
    /// A message of the restore queue.
    Restore,
    /// A decision of the authorizer.
    Decision,
}

impl Summary {
    /// All summaries.
    pub const ALL: [Self; 3] = [Self::Request, Self::Restore, Self::Decision];

    /// Returns the text in the field `message`.
    pub const fn message(self) -> &'static str {
        match self {
            Self::Request => "request",
            Self::Restore => "restore",
            Self::Decision => "decision",
        }
    }

    /// Returns the fields that each line of this kind has.
    pub fn required(self) -> impl Iterator<Item = &'static str> {
        let own: &[&str] = match self {
            Self::Request => {
                &["request_id", "route", "status", "status_class", "requests", "latency", "_aws"]
            }
            Self::Restore => &["message_id", "receives", "restore_duration", "phases", "_aws"],
            Self::Decision => &["request_id", "duration"],
        };
        IN_EACH_LINE.iter().chain(IN_EACH_SUMMARY).chain(own).copied()
    }
}

/// The fields that each line has.
pub(super) const IN_EACH_LINE: &[&str] = &["timestamp", "level", "message", "target"];

/// The other fields that each summary has.
const IN_EACH_SUMMARY: &[&str] =
    &["function_name", "requestId", "outcome", "cold_start", "sql_statements", "aws_calls"];

const fn field(name: &'static str, kind: FieldKind, meaning: &'static str) -> Field {
    Field { name, kind, meaning }
}

/// The fields of all lines of the functions, except the metrics, which are fields of summaries as well.
pub const FIELDS: &[Field] = {
    use FieldKind::{Boolean, Integer, Number, Numbers, Object, Text};
    &[
        field("timestamp", Text, "time of the line, UTC"),
        field("level", Text, "`ERROR`, `WARN`, `INFO`, `DEBUG` or `TRACE`"),
        field("message", Text, "what happened; in a summary `request`, `restore` or `decision`"),
        field("target", Text, "module of the code"),
        field("function_name", Text, "name of the function on AWS"),
        field("requestId", Text, "id of the invocation, as Lambda's own lines have it"),
        field("request_id", Text, "id of the request at the gateway, the `errorId` of its response"),
        field("xrayTraceId", Text, "header of the invocation's trace"),
        field(
            "trace_id",
            Text,
            "id of the trace that the event belongs to; for a restore, that of its request",
        ),
        field("message_id", Text, "id of the message in the restore queue"),
        field("receives", Integer, "how often the message was received, this time included"),
        field(
            "route",
            Text,
            "route, such as `GET /presign/s3`; `OPTIONS` for a preflight, `none` without a route",
        ),
        field("status", Integer, "status of the response"),
        field("status_class", Text, "class of the status, such as `2xx`"),
        field("duration", Number, "time that the event took, in milliseconds"),
        field("cold_start", Boolean, "whether it was the first event of the instance"),
        field("outcome", Text, "how the event ended"),
        field("rule", Text, "which rule refused a request, or why an event failed"),
        field("cause", Text, "error behind a failure; never part of a response"),
        field("error", Text, "error that a line reports"),
        field("code", Text, "error code of AWS"),
        field("organization", Integer, "id of the organization"),
        field("dataset", Text, "node id of the dataset"),
        field("dataset_id", Integer, "id of the dataset in the tables of its organization"),
        field("package", Text, "node id of the package"),
        field("package_id", Integer, "id of the package in the tables of its organization"),
        field("requested", Integer, "number of packages that a request names"),
        field("accepted", Integer, "number of packages that a request moved to RESTORING"),
        field("count", Integer, "number of packages that a line is about"),
        field("reason", Text, "why a package stays deleted"),
        field("reasons", Numbers, "number of packages that stayed deleted, by reason"),
        field("phases", Numbers, "time of each phase of a restore, in milliseconds"),
        field("retry_in_seconds", Integer, "when a failed message is received again"),
        field("attempt", Integer, "number of an attempt"),
        field("sql_statements", Integer, "statements that were sent to the database"),
        field("aws_calls", Integer, "HTTP requests to AWS, retries included"),
        field("bucket", Text, "bucket of an object"),
        field("region", Text, "region of a bucket"),
        field("version", Text, "version of an object that a delete record names"),
        field("_aws", Object, "metrics in the line, in the embedded metric format"),
    ]
};

impl Field {
    /// Returns the field of this name, also if it is a metric.
    pub fn named(name: &str) -> Option<Self> {
        let metric = || {
            let metric = METRICS.iter().find(|metric| metric.name == name)?;
            Some(Self { name: metric.name, kind: FieldKind::Number, meaning: metric.meaning })
        };
        FIELDS.iter().find(|field| field.name == name).copied().or_else(metric)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{FIELDS, Field, METRICS, Summary};

    #[test]
    fn name_stands_for_one_field_or_metric() {
        let names: Vec<&str> =
            FIELDS.iter().map(|field| field.name).chain(METRICS.iter().map(|metric| metric.name)).collect();
        assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len());
    }

    #[test]
    fn dimensions_and_required_fields_are_fields() {
        let dimensions =
            METRICS.iter().flat_map(|metric| metric.dimensions.iter().copied().flatten().copied());
        let required = Summary::ALL.into_iter().flat_map(Summary::required);
        for name in dimensions.chain(required) {
            assert!(Field::named(name).is_some(), "{name}");
        }
    }
}
