//! A trace as a tree.

use std::collections::{BTreeMap, HashMap, HashSet};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A trace: its segments, with what belongs to each.
#[derive(Debug, PartialEq, Serialize)]
pub struct Trace {
    /// The id.
    pub id: String,
    /// The segments that belong to no other, in the order of time.
    pub spans: Vec<Span>,
}

/// A segment or a subsegment.
#[derive(Debug, PartialEq, Serialize)]
pub struct Span {
    /// The id.
    pub id: String,
    /// The name, such as that of a function or a service.
    pub name: String,
    /// What it is: the operation of a call, the text of a statement, or the kind of a segment.
    pub detail: Option<String>,
    /// When it began.
    pub began: DateTime<Utc>,
    /// How long it took, in seconds, or `None` while it is in progress.
    pub seconds: Option<f64>,
    /// The status of the response.
    pub status: Option<u16>,
    /// How it failed.
    pub failure: Option<SpanFailure>,
    /// The errors.
    pub causes: Vec<String>,
    /// What it is about.
    pub annotations: BTreeMap<String, Value>,
    /// What belongs to it, in the order of time.
    pub spans: Vec<Span>,
}

/// How a span failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SpanFailure {
    /// What was asked for is wrong.
    Error,
    /// Too much was asked for.
    Throttle,
    /// It failed itself.
    Fault,
}

/// The members of a document that a tree shows. X-Ray does not check most of them, so all are optional:
/// <https://docs.aws.amazon.com/xray/latest/devguide/xray-api-segmentdocuments.html>.
#[derive(Clone, Deserialize)]
struct Document {
    id: String,
    #[serde(default)]
    parent_id: Option<String>,
    #[serde(default)]
    name: String,
    #[serde(default)]
    origin: Option<String>,
    start_time: f64,
    #[serde(default)]
    end_time: Option<f64>,
    #[serde(default)]
    fault: bool,
    #[serde(default)]
    error: bool,
    #[serde(default)]
    throttle: bool,
    #[serde(default)]
    annotations: BTreeMap<String, Value>,
    #[serde(default)]
    http: Option<Value>,
    #[serde(default)]
    aws: Option<Value>,
    #[serde(default)]
    sql: Option<Value>,
    #[serde(default)]
    cause: Option<Value>,
    #[serde(default)]
    subsegments: Vec<Document>,
}

impl Trace {
    /// Returns the tree of these documents. What is not a document is ignored, as is a second one with the same id.
    pub(super) fn new<'a>(id: String, documents: impl Iterator<Item = &'a str>) -> Self {
        let mut seen = HashSet::new();
        let mut flat = Vec::new();
        for document in documents.filter_map(|text| serde_json::from_str::<Document>(text).ok()) {
            flatten(document, None, &mut seen, &mut flat);
        }
        let mut children: HashMap<String, Vec<Document>> = HashMap::new();
        let mut roots = Vec::new();
        for document in flat {
            match document.parent_id.clone().filter(|parent| seen.contains(parent)) {
                Some(parent) => children.entry(parent).or_default().push(document),
                None => roots.push(document),
            }
        }
        Self { id, spans: spans(roots, &mut children) }
    }

    /// Returns when the trace began, if it has any part.
    pub fn began(&self) -> Option<DateTime<Utc>> {
        self.spans.iter().map(|span| span.began).min()
    }

    /// Returns when the last part of the trace ended.
    pub fn ended(&self) -> Option<DateTime<Utc>> {
        self.spans.iter().map(Span::last_end).max()
    }
}

impl Span {
    /// Returns when the span ended.
    pub fn ended(&self) -> DateTime<Utc> {
        let nanoseconds = self.seconds.unwrap_or_default() * 1e9;
        #[expect(clippy::cast_possible_truncation, reason = "a trace takes less than centuries")]
        let duration = chrono::TimeDelta::nanoseconds(nanoseconds as i64);
        self.began + duration
    }

    /// Returns the last end of the span and of all in it: a message that it has sent may be handled later.
    fn last_end(&self) -> DateTime<Utc> {
        self.spans.iter().map(Self::last_end).fold(self.ended(), Ord::max)
    }
}

/// Adds a document and all in it, each with its parent.
fn flatten(
    mut document: Document,
    parent: Option<&str>,
    seen: &mut HashSet<String>,
    flat: &mut Vec<Document>,
) {
    if let Some(parent) = parent {
        document.parent_id = Some(parent.to_owned());
    }
    if !seen.insert(document.id.clone()) {
        return;
    }
    let id = document.id.clone();
    let within = std::mem::take(&mut document.subsegments);
    flat.push(document);
    for document in within {
        flatten(document, Some(&id), seen, flat);
    }
}

/// Returns spans in the order of time. A cycle of parents has no root, so it is not reached.
fn spans(documents: Vec<Document>, children: &mut HashMap<String, Vec<Document>>) -> Vec<Span> {
    let mut spans: Vec<Span> = documents
        .into_iter()
        .map(|document| {
            let within = children.remove(&document.id).unwrap_or_default();
            let within = self::spans(within, children);
            span(document, within)
        })
        .collect();
    spans.sort_by_key(|span| span.began);
    spans
}

fn span(document: Document, spans: Vec<Span>) -> Span {
    let text = |value: &Option<Value>, pointer: &str| {
        value.as_ref().and_then(|value| value.pointer(pointer)).and_then(Value::as_str).map(str::to_owned)
    };
    let detail = text(&document.aws, "/operation").or_else(|| text(&document.sql, "/sanitized_query"));
    let exceptions =
        document.cause.as_ref().and_then(|cause| cause.get("exceptions")).and_then(Value::as_array);
    let causes = exceptions.into_iter().flatten().filter_map(|exception| exception["message"].as_str());
    let status =
        document.http.as_ref().and_then(|http| http.pointer("/response/status")).and_then(Value::as_u64);
    Span {
        began: time(document.start_time),
        seconds: document.end_time.map(|end| (end - document.start_time).max(0.0)),
        detail: detail.or(document.origin),
        status: status.and_then(|status| u16::try_from(status).ok()),
        failure: if document.fault {
            Some(SpanFailure::Fault)
        } else if document.throttle {
            Some(SpanFailure::Throttle)
        } else {
            document.error.then_some(SpanFailure::Error)
        },
        causes: causes.map(str::to_owned).collect(),
        annotations: document.annotations,
        id: document.id,
        name: document.name,
        spans,
    }
}

fn time(seconds: f64) -> DateTime<Utc> {
    #[expect(clippy::cast_possible_truncation, reason = "microseconds of this millennium")]
    DateTime::from_timestamp_micros((seconds * 1e6) as i64).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{Span, SpanFailure, Trace};

    fn names(spans: &[Span]) -> Vec<String> {
        spans
            .iter()
            .flat_map(|span| {
                let within = names(&span.spans).into_iter().map(|name| format!("{}/{name}", span.name));
                [span.name.clone()].into_iter().chain(within).collect::<Vec<_>>()
            })
            .collect()
    }

    #[test]
    fn parts_belong_to_their_parents_in_the_order_of_time() {
        let documents = [
            r#"{"id":"f","parent_id":"s","name":"function","origin":"AWS::Lambda::Function","start_time":1.1,"end_time":2.0,"subsegments":[{"id":"i","name":"Invocation","start_time":1.2,"end_time":1.9}]}"#,
            r#"{"id":"r","parent_id":"f","type":"subsegment","name":"request","start_time":1.15,"end_time":1.8,"fault":true,
                "http":{"response":{"status":503}},"cause":{"exceptions":[{"id":"x","message":"no database"}]},
                "subsegments":[{"id":"q","name":"PostgreSQL","start_time":1.3,"end_time":1.4,"sql":{"sanitized_query":"SELECT 1"}}]}"#,
            r#"{"id":"s","name":"service","origin":"AWS::Lambda","start_time":1.0,"end_time":2.1}"#,
            "no document",
            r#"{"id":"r","name":"again","start_time":9}"#,
            r#"{"name":"without id","start_time":9}"#,
        ];
        let trace = Trace::new("1-a".to_owned(), documents.into_iter());
        let expected = [
            "service",
            "service/function",
            "service/function/request",
            "service/function/request/PostgreSQL",
            "service/function/Invocation",
        ];
        assert_eq!(names(&trace.spans), expected);
        let request = &trace.spans[0].spans[0].spans[0];
        assert_eq!((request.status, request.failure), (Some(503), Some(SpanFailure::Fault)));
        assert_eq!(request.causes, ["no database"]);
        assert_eq!(request.spans[0].detail.as_deref(), Some("SELECT 1"));
        assert_eq!(trace.ended().unwrap().timestamp_millis(), 2100);
    }

    #[test]
    fn missing_parents_and_cycles_end() {
        let documents = [
            r#"{"id":"a","parent_id":"unknown","name":"a","start_time":1}"#,
            r#"{"id":"b","parent_id":"c","name":"b","start_time":1}"#,
            r#"{"id":"c","parent_id":"b","name":"c","start_time":1}"#,
            r#"{"id":"d","parent_id":"d","name":"d","start_time":1}"#,
        ];
        let trace = Trace::new("1-a".to_owned(), documents.into_iter());
        assert_eq!(names(&trace.spans), ["a"]);
        assert_eq!(trace.spans[0].seconds, None, "in progress");
    }
}
