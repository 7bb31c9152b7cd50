//! One line of a log.

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Map, Value, json};
use stack::FunctionName;

/// A line that was logged by a function, or by Lambda about it.
pub struct Entry {
    /// The function.
    pub function: FunctionName,
    /// When it was logged.
    pub time: DateTime<Utc>,
    /// The content.
    pub content: Content,
}

/// The content of a line.
pub enum Content {
    /// Structured fields, which the functions and Lambda log.
    Fields(Map<String, Value>),
    /// Other output, such as that of a panic.
    Text(String),
}

impl Entry {
    /// Parses a log message.
    pub fn new(function: FunctionName, time: DateTime<Utc>, message: &str) -> Self {
        let content = match serde_json::from_str(message) {
            Ok(Value::Object(fields)) => Content::Fields(fields),
            _ => Content::Text(message.trim_end().to_owned()),
        };
        Self { function, time, content }
    }

    /// Returns what orders lines of several functions: CloudWatch Logs has milliseconds, the functions log microseconds.
    pub(super) fn order(&self) -> (DateTime<Utc>, Option<DateTime<Utc>>) {
        let logged_at = match &self.content {
            Content::Fields(fields) => to_text(fields.get("timestamp")),
            Content::Text(_) => None,
        };
        let logged_at = logged_at.and_then(|time| DateTime::parse_from_rfc3339(time).ok());
        (self.time, logged_at.map(|time| time.to_utc()))
    }

    /// Returns the text in a field of the line.
    pub fn text(&self, field: &str) -> Option<&str> {
        match &self.content {
            Content::Fields(fields) => to_text(fields.get(field)),
            Content::Text(_) => None,
        }
    }

    /// Returns the number in a field of the line.
    pub fn number(&self, field: &str) -> Option<f64> {
        match &self.content {
            Content::Fields(fields) => fields.get(field)?.as_f64(),
            Content::Text(_) => None,
        }
    }

    /// Returns the value of a field as text, whatever its type.
    pub fn display(&self, field: &str) -> Option<String> {
        match &self.content {
            Content::Fields(fields) => match fields.get(field)? {
                Value::String(text) => Some(text.clone()),
                other => Some(other.to_string()),
            },
            Content::Text(_) => None,
        }
    }

    /// Returns the request ID assigned by API Gateway.
    pub fn request(&self) -> Option<&str> {
        self.text("request_id")
    }

    /// Returns the ID of the trace that the line belongs to.
    pub fn trace(&self) -> Option<&str> {
        self.text("trace_id")
    }

    /// Returns the ID of the message that the line is about.
    pub fn message(&self) -> Option<&str> {
        self.text("message_id")
    }

    /// Returns whether the line has an ID: of a request, a trace, a message, or of an invocation that has no other line.
    pub(super) fn has_id(&self, id: &str) -> bool {
        [self.request(), self.trace(), self.message()].contains(&Some(id))
            || (self.is_only_of_invocation_or_request() && self.invocation() == Some(id))
    }

    /// Returns whether the line is about an invocation as a whole, which handles one request or several messages.
    pub(super) fn is_only_of_invocation_or_request(&self) -> bool {
        self.message().is_none()
    }

    /// Returns whether the line reports an error or a warning, or a failed invocation.
    pub fn is_problem(&self) -> bool {
        let failed_invocation = || match &self.content {
            Content::Fields(fields) => {
                to_text(fields.get("type")) == Some("platform.report")
                    && fields.get("record").and_then(|record| to_text(record.get("status")))
                        != Some("success")
            }
            Content::Text(text) => text.contains("panicked at"),
        };
        matches!(self.text("level"), Some("ERROR" | "WARN")) || failed_invocation()
    }

    /// Returns the invocation ID assigned by Lambda.
    pub(super) fn invocation(&self) -> Option<&str> {
        match &self.content {
            Content::Fields(fields) => {
                to_text(fields.get("requestId")).or_else(|| to_text(fields.get("record")?.get("requestId")))
            }
            // START, END, and REPORT, if the log format is text.
            Content::Text(text) => text.split_once("RequestId: ")?.1.split_whitespace().next(),
        }
    }

    /// Returns one line of JSON with the content, the function, and the time.
    pub fn to_json(&self) -> String {
        let mut fields = match &self.content {
            Content::Fields(fields) => fields.clone(),
            Content::Text(text) => Map::from_iter([("message".to_owned(), json!(text))]),
        };
        fields.insert("function".to_owned(), json!(self.function.as_str()));
        let time = self.time.to_rfc3339_opts(SecondsFormat::Millis, true);
        fields.entry("timestamp").or_insert_with(|| json!(time));
        Value::Object(fields).to_string()
    }
}

fn to_text(value: Option<&Value>) -> Option<&str> {
    value?.as_str().filter(|text| !text.is_empty())
}
