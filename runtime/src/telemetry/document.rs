//! The documents of an event for X-Ray.
//!
//! <https://docs.aws.amazon.com/xray/latest/devguide/xray-api-segmentdocuments.html>. Lambda itself sends the
//! segment of the function; an event of the invocation's own trace is a subsegment of it. An event that a
//! message has caused is a segment in the trace of the message.

use std::collections::HashMap;
use std::time::{SystemTime, UNIX_EPOCH};

use openapi::telemetry::SegmentId;
use serde_json::{Map, Value, json};

use super::activity::Activity;
use super::ending::{Ending, Severity};
use super::step::{Failure, Kind, Step};

/// The maximum size of a document: 64 KB, less the header of the daemon and of UDP.
const MAXIMUM_BYTES: usize = 60_000;

/// What an event is in its trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Root {
    /// A part of the function's segment, which Lambda sends.
    Subsegment,
    /// A segment of its own.
    Segment,
}

/// Returns the documents of an event: one, or if that would be too large, several with a part of it each.
pub(super) fn documents(
    function: &str,
    activity: &Activity,
    ending: &Ending,
    ended: SystemTime,
) -> Vec<Vec<u8>> {
    let Some(trace) = activity.trace() else { return Vec::new() };
    let steps = activity.steps();
    let mut root = root_document(function, activity, ending, ended);
    if let Some(parent) = trace.parent {
        root.insert("parent_id".to_owned(), parent.to_string().into());
    }
    if steps.omitted > 0 {
        root.insert("metadata".to_owned(), json!({ "default": { "omitted_steps": steps.omitted } }));
    }
    let mut documents =
        Documents { trace: trace.root.to_string(), children: children_of(&steps.kept), done: Vec::new() };
    documents.add(activity.id(), root);
    documents.done
}

/// Documents of one trace.
struct Documents<'a> {
    trace: String,
    children: HashMap<SegmentId, Vec<&'a Step>>,
    done: Vec<Vec<u8>>,
}

impl Documents<'_> {
    /// Adds a document with everything in it, or if that is too large, without it and then each part.
    fn add(&mut self, id: SegmentId, mut document: Map<String, Value>) {
        document.insert("trace_id".to_owned(), self.trace.as_str().into());
        let mut whole = document.clone();
        embed(&mut whole, id, &self.children);
        match to_bytes(&whole) {
            Some(bytes) if bytes.len() <= MAXIMUM_BYTES => self.done.push(bytes),
            _ => {
                self.done.extend(to_bytes(&document));
                for step in self.children.get(&id).cloned().unwrap_or_default() {
                    let mut document = step_document(step);
                    document.insert("type".to_owned(), "subsegment".into());
                    document.insert("parent_id".to_owned(), id.to_string().into());
                    self.add(step.id, document);
                }
            }
        }
    }
}

fn to_bytes(document: &Map<String, Value>) -> Option<Vec<u8>> {
    serde_json::to_vec(document).ok()
}

fn root_document(
    function: &str,
    activity: &Activity,
    ending: &Ending,
    ended: SystemTime,
) -> Map<String, Value> {
    let mut document = match activity.root() {
        Root::Subsegment => {
            object([("name", ending.summary.message().into()), ("type", "subsegment".into())])
        }
        Root::Segment => object([("name", function.into()), ("origin", "AWS::Lambda::Function".into())]),
    };
    times(&mut document, activity.id(), activity.started(), ended);
    let annotations = ending.fields.iter().filter(|field| field.is_annotation);
    let annotations: Map<String, Value> =
        annotations.map(|field| (field.name.to_owned(), field.value.clone())).collect();
    document.insert("annotations".to_owned(), annotations.into());
    if let Some(status) = ending.status {
        document.insert("http".to_owned(), json!({ "response": { "status": status } }));
    }
    let failure = match ending.severity {
        Severity::Success | Severity::Partial => None,
        Severity::Refusal => Some(Failure::Error),
        Severity::Failure => Some(Failure::Fault),
    };
    mark(&mut document, failure);
    if let Some(cause) = &ending.cause {
        let id = SegmentId(activity.id().0.rotate_left(1)).to_string();
        document.insert("cause".to_owned(), json!({ "exceptions": [{ "id": id, "message": cause }] }));
    }
    document
}

/// Returns the steps by what they belong to.
fn children_of(steps: &[Step]) -> HashMap<SegmentId, Vec<&Step>> {
    let mut children: HashMap<SegmentId, Vec<&Step>> = HashMap::new();
    for step in steps {
        children.entry(step.parent).or_default().push(step);
    }
    children
}

/// Adds the steps that belong to a document to it.
fn embed(document: &mut Map<String, Value>, id: SegmentId, children: &HashMap<SegmentId, Vec<&Step>>) {
    let child = |step: &&Step| {
        let mut document = step_document(step);
        embed(&mut document, step.id, children);
        Value::Object(document)
    };
    if let Some(steps) = children.get(&id) {
        document.insert("subsegments".to_owned(), steps.iter().map(child).collect());
    }
}

fn step_document(step: &Step) -> Map<String, Value> {
    let mut document = object([("name", step.name.as_ref().into())]);
    times(&mut document, step.id, step.start, step.end);
    match &step.kind {
        Kind::Work { .. } => {}
        Kind::Statement(text) => {
            document.insert("namespace".to_owned(), "remote".into());
            let sql = json!({ "database_type": "PostgreSQL", "sanitized_query": text });
            document.insert("sql".to_owned(), sql);
        }
        Kind::AwsCall { operation, status, request_id } => {
            document.insert("namespace".to_owned(), "aws".into());
            let mut aws = object([("operation", operation.as_str().into())]);
            if let Some(id) = request_id {
                aws.insert("request_id".to_owned(), id.as_str().into());
            }
            document.insert("aws".to_owned(), aws.into());
            response(&mut document, *status);
        }
        Kind::HttpCall { status } => {
            document.insert("namespace".to_owned(), "remote".into());
            response(&mut document, *status);
        }
    }
    mark(&mut document, step.failure);
    document
}

fn response(document: &mut Map<String, Value>, status: Option<u16>) {
    if let Some(status) = status {
        document.insert("http".to_owned(), json!({ "response": { "status": status } }));
    }
}

fn mark(document: &mut Map<String, Value>, failure: Option<Failure>) {
    let marks: &[&str] = match failure {
        None => &[],
        Some(Failure::Error) => &["error"],
        Some(Failure::Throttle) => &["error", "throttle"],
        Some(Failure::Fault) => &["fault"],
    };
    document.extend(marks.iter().map(|mark| ((*mark).to_owned(), true.into())));
}

fn times(document: &mut Map<String, Value>, id: SegmentId, start: SystemTime, end: SystemTime) {
    document.insert("id".to_owned(), id.to_string().into());
    document.insert("start_time".to_owned(), seconds(start).into());
    document.insert("end_time".to_owned(), seconds(end.max(start)).into());
}

/// Returns Unix seconds with microseconds.
fn seconds(time: SystemTime) -> f64 {
    time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64()
}

fn object<const N: usize>(members: [(&str, Value); N]) -> Map<String, Value> {
    members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}
