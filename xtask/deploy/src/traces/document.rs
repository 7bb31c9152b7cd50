//! A document of a trace: <https://docs.aws.amazon.com/xray/latest/devguide/xray-api-segmentdocuments.html>.
//!
//! Anyone with the permission can send documents, so nothing in them is trusted. A document without ID, name or time is
//! not readable; everything else that has an unexpected form is left out.

use std::collections::BTreeMap;

use openapi::telemetry::SegmentId;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use super::span::Failure;

/// A time far in the future, in Unix seconds. Later ones cannot be shown as dates.
const LATEST: f64 = 32_503_680_000.0;

/// A segment or a subsegment.
#[derive(Clone, Debug)]
pub(super) struct Work {
    pub(super) id: SegmentId,
    pub(super) parent: Option<SegmentId>,
    pub(super) name: String,
    pub(super) origin: Option<String>,
    /// In Unix seconds.
    pub(super) start: f64,
    /// In Unix seconds, or `None` while it is in progress.
    pub(super) end: Option<f64>,
    pub(super) status: Option<u16>,
    pub(super) failure: Option<Failure>,
    /// The operation of a call, or the text of a statement.
    pub(super) detail: Option<String>,
    pub(super) cause: Option<String>,
    pub(super) annotations: BTreeMap<String, String>,
    /// X-Ray adds a segment for each service that sends none itself. It repeats a subsegment.
    pub(super) is_inferred: bool,
}

/// What could be read of a document: the work, and the subsegments in it.
#[derive(Debug, Default)]
pub(super) struct Parsed {
    pub(super) work: Vec<Work>,
    /// The number of segments and subsegments that could not be read.
    pub(super) unreadable: usize,
}

#[derive(Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "X-Ray has a mark for each kind of failure")]
struct Fields {
    id: String,
    name: String,
    start_time: f64,
    #[serde(default, deserialize_with = "lenient")]
    end_time: Option<f64>,
    #[serde(default, deserialize_with = "lenient")]
    parent_id: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    origin: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    inferred: bool,
    #[serde(default, deserialize_with = "lenient")]
    error: bool,
    #[serde(default, deserialize_with = "lenient")]
    fault: bool,
    #[serde(default, deserialize_with = "lenient")]
    throttle: bool,
    #[serde(default, deserialize_with = "lenient")]
    http: Http,
    #[serde(default, deserialize_with = "lenient")]
    aws: Aws,
    #[serde(default, deserialize_with = "lenient")]
    sql: Sql,
    #[serde(default, deserialize_with = "lenient")]
    cause: Cause,
    #[serde(default, deserialize_with = "lenient")]
    annotations: Map<String, Value>,
    #[serde(default, deserialize_with = "lenient")]
    subsegments: Vec<Value>,
}

#[derive(Default, Deserialize)]
struct Http {
    response: HttpResponse,
}

#[derive(Default, Deserialize)]
struct HttpResponse {
    status: Option<u16>,
}

#[derive(Default, Deserialize)]
struct Aws {
    operation: Option<String>,
}

#[derive(Default, Deserialize)]
struct Sql {
    sanitized_query: Option<String>,
}

#[derive(Default, Deserialize)]
struct Cause {
    exceptions: Vec<Exception>,
}

#[derive(Deserialize)]
struct Exception {
    message: Option<String>,
}

/// Reads a field of an unexpected form as if it were missing.
fn lenient<'de, D: Deserializer<'de>, T: DeserializeOwned + Default>(deserializer: D) -> Result<T, D::Error> {
    let value = Value::deserialize(deserializer)?;
    Ok(serde_json::from_value(value).unwrap_or_default())
}

/// Reads a document with everything in it.
pub(super) fn parse(text: &str) -> Parsed {
    let mut parsed = Parsed::default();
    let mut waiting = vec![(None, serde_json::from_str(text).unwrap_or_default())];
    while let Some((parent, value)) = waiting.pop() {
        match read(value, parent) {
            Some((work, parts)) => {
                waiting.extend(parts.into_iter().map(|part| (Some(work.id), part)));
                parsed.work.push(work);
            }
            None => parsed.unreadable += 1,
        }
    }
    parsed
}

fn read(value: Value, parent: Option<SegmentId>) -> Option<(Work, Vec<Value>)> {
    let fields: Fields = serde_json::from_value(value).ok()?;
    if !(0.0..LATEST).contains(&fields.start_time) {
        return None;
    }
    let failure = [
        (fields.fault, Failure::Fault),
        (fields.throttle, Failure::Throttle),
        (fields.error, Failure::Error),
    ];
    let work = Work {
        id: fields.id.parse().ok()?,
        // A subsegment in a document may name no parent.
        parent: parent.or_else(|| fields.parent_id?.parse().ok()),
        name: fields.name,
        origin: fields.origin,
        start: fields.start_time,
        end: fields.end_time.map(|end| end.clamp(fields.start_time, LATEST)),
        status: fields.http.response.status,
        failure: failure.into_iter().find_map(|(is_set, failure)| is_set.then_some(failure)),
        detail: fields.aws.operation.or(fields.sql.sanitized_query),
        cause: fields.cause.exceptions.into_iter().find_map(|exception| exception.message),
        annotations: fields.annotations.into_iter().filter_map(annotation).collect(),
        is_inferred: fields.inferred,
    };
    Some((work, fields.subsegments))
}

fn annotation((name, value): (String, Value)) -> Option<(String, String)> {
    match value {
        Value::String(text) => Some((name, text)),
        Value::Number(number) => Some((name, number.to_string())),
        Value::Bool(truth) => Some((name, truth.to_string())),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

#[cfg(test)]
mod tests;
