//! What a trace consists of.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::Serialize;

/// A trace.
#[derive(Debug, Serialize)]
pub struct Trace {
    /// Its ID.
    pub id: String,
    /// When its first span began.
    pub start: DateTime<Utc>,
    /// The time until its last span ended, in milliseconds.
    pub duration: f64,
    /// The first event in it.
    pub event: Option<Event>,
    /// The worst failure of its events and of Lambda. A failure inside of an event may have been handled.
    pub failure: Option<Failure>,
    /// All spans: each before those that it contains, and these in the order of time.
    pub spans: Vec<Span>,
    /// The number of documents that could not be read.
    pub unreadable: usize,
    /// Whether X-Ray has left out documents, because the trace is too large.
    pub is_truncated: bool,
}

/// An event that a function has handled: a request, a decision or a restore.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Event {
    /// The route of a request, or the kind of another event.
    pub title: String,
    /// The ID of the request or of the message, by which its log is found.
    pub id: Option<String>,
    /// The status of the response.
    pub status: Option<u16>,
    /// How it ended.
    pub outcome: String,
}

/// A part of a trace, which takes time.
#[derive(Debug, Serialize)]
pub struct Span {
    /// The number of spans that contain it.
    pub depth: usize,
    /// What it is: a function, a phase, a service.
    pub name: String,
    /// The type of AWS resource that has sent it, such as `AWS::Lambda::Function`.
    pub origin: Option<String>,
    /// The operation of a call, or the text of a statement.
    pub detail: Option<String>,
    /// When it began, in milliseconds since the beginning of the trace.
    pub start: f64,
    /// How long it took, in milliseconds, or `None` while it is in progress.
    pub duration: Option<f64>,
    /// The status of a response.
    pub status: Option<u16>,
    /// How it failed.
    pub failure: Option<Failure>,
    /// The error behind the failure.
    pub cause: Option<String>,
    /// What traces can be found by.
    pub annotations: BTreeMap<String, String>,
}

/// How something failed: <https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-errors>.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Failure {
    /// A request was refused, status 4xx.
    Error,
    /// A request was throttled, status 429.
    Throttle,
    /// Something failed, status 5xx.
    Fault,
}

impl Failure {
    /// Returns the name in X-Ray.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Throttle => "throttle",
            Self::Fault => "fault",
        }
    }
}

impl Span {
    /// Returns the event, if the span is one.
    pub fn event(&self) -> Option<Event> {
        let annotation = |name: &str| self.annotations.get(name).cloned();
        Some(Event {
            outcome: annotation("outcome")?,
            title: annotation("route").unwrap_or_else(|| self.name.clone()),
            id: annotation("request_id").or_else(|| annotation("message_id")),
            status: self.status,
        })
    }
}
