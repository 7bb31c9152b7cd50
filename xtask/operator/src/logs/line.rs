//! Formats a line of a log for people.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use command_line::terminal::{Palette, printable};
use deploy::logs::{Content, Entry};
use serde_json::{Map, Value};

/// Fields that are shown elsewhere in the line, or are useful only to programs.
const APART: [&str; 13] = [
    "timestamp",
    "time",
    "level",
    "message",
    "requestId",
    "request_id",
    "xrayTraceId",
    "_aws",
    "function_name",
    "target",
    // The metrics that only repeat what a line says, and the class of its status.
    "requests",
    "cold_starts",
    "status_class",
];

/// Fields that say what happened. They come before the others, which are in alphabetical order.
const FIRST: [&str; 8] =
    ["route", "status", "outcome", "rule", "cause", "latency", "restore_duration", "duration"];

/// Colors that distinguish requests. Red and yellow are reserved for errors and warnings.
const COLORS: [&str; 8] = ["32", "34", "35", "36", "92", "94", "95", "96"];

/// Formats a line: time (UTC), function, request, level, message, and fields.
pub(crate) fn format_line(entry: &Entry, request: &str, palette: Palette) -> String {
    let (level, text) = match &entry.content {
        Content::Text(text) => ("", printable(text)),
        Content::Fields(fields) => {
            (as_text(fields.get("level")).unwrap_or_default(), message_and_fields(fields))
        }
    };
    let time = entry.time.format("%Y-%m-%d %H:%M:%S%.3f").to_string();
    let level_color = match level {
        "ERROR" => "31",
        "WARN" => "33",
        _ => "2",
    };
    format!(
        "{}  {:<10}  {}  {}  {text}",
        palette.paint(&time, "2"),
        entry.function.as_str(),
        palette.paint(&format!("{request:<16}"), request_color(request)),
        palette.paint(&format!("{level:<5}"), level_color),
    )
}

/// Formats the message and fields.
///
/// Lambda's own messages have a type in place of a message, and their fields in a record:
/// <https://docs.aws.amazon.com/lambda/latest/dg/telemetry-schema-reference.html>.
fn message_and_fields(fields: &Map<String, Value>) -> String {
    let mut words = Vec::new();
    let title = if fields.contains_key("message") { "message" } else { "type" };
    words.extend(as_text(fields.get(title)).map(printable));
    let mut others: Vec<_> = fields.iter().filter(|(name, _)| *name != title).collect();
    others.sort_by_key(|(name, _)| FIRST.iter().position(|first| first == name).unwrap_or(FIRST.len()));
    for (name, value) in others {
        add(&mut words, name, value);
    }
    words.join("  ")
}

fn add(words: &mut Vec<String>, name: &str, value: &Value) {
    match value {
        _ if APART.contains(&name) => {}
        Value::Bool(false) if name == "cold_start" => {}
        Value::Object(fields) => fields.iter().for_each(|(name, value)| add(words, name, value)),
        Value::String(text)
            if !text.is_empty() && text.chars().all(|it| it.is_ascii_graphic() && it != '"') =>
        {
            words.push(format!("{name}={text}"));
        }
        value => words.push(format!("{name}={}", printable(&value.to_string()))),
    }
}

fn as_text(value: Option<&Value>) -> Option<&str> {
    value?.as_str().filter(|text| !text.is_empty())
}

fn request_color(id: &str) -> &'static str {
    if id == "-" {
        return "2";
    }
    let mut hasher = DefaultHasher::new();
    id.hash(&mut hasher);
    let index = hasher.finish() % COLORS.len() as u64;
    COLORS[usize::try_from(index).unwrap_or_default()]
}

#[cfg(test)]
mod tests;
