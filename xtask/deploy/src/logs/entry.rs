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

    /// Returns the request ID assigned by API Gateway.
    pub(super) fn request(&self) -> Option<&str> {
        match &self.content {
            Content::Fields(fields) => to_text(fields.get("request_id")),
            Content::Text(_) => None,
        }
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
