//! The schema of the functions' log lines.

use std::fmt;

use serde_json::{Map, Value};

use super::fields::{Field, FieldKind, IN_EACH_LINE, Summary};

/// The beginning of the target of lines that the functions' own code writes.
const OWN_TARGET: &str = "runtime";

/// A line that does not follow the schema.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SchemaProblem {
    /// A field is not one of [`FIELDS`](super::FIELDS), nor a metric.
    UnknownField(String),
    /// A field has another type.
    WrongType(&'static str),
    /// A field is missing that each line of its kind has.
    Missing(&'static str),
}

impl fmt::Display for SchemaProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownField(name) => write!(f, "the field {name} is not documented"),
            Self::WrongType(name) => write!(f, "the field {name} has another type"),
            Self::Missing(name) => write!(f, "the field {name} is missing"),
        }
    }
}

/// Checks a line of the functions' own code, and returns what is wrong with it.
///
/// Lines of the dependencies have fields of their own; each has at least a time, a level and a message.
pub fn check_line(line: &Map<String, Value>) -> Vec<SchemaProblem> {
    let text = |name: &str| line.get(name).and_then(Value::as_str);
    let mut problems = Vec::new();
    let summary = Summary::ALL
        .into_iter()
        .find(|summary| text("message") == Some(summary.message()) && line.contains_key("outcome"));
    let required =
        summary.map_or_else(|| IN_EACH_LINE.to_vec(), |summary| summary.required().collect::<Vec<_>>());
    problems
        .extend(required.into_iter().filter(|name| !line.contains_key(*name)).map(SchemaProblem::Missing));
    if !text("target").is_some_and(|target| target.starts_with(OWN_TARGET)) {
        return problems;
    }
    for (name, value) in line {
        match Field::named(name) {
            None => problems.push(SchemaProblem::UnknownField(name.clone())),
            Some(field) if !is_of_kind(value, field.kind) => {
                problems.push(SchemaProblem::WrongType(field.name));
            }
            Some(_) => {}
        }
    }
    problems
}

fn is_of_kind(value: &Value, kind: FieldKind) -> bool {
    match kind {
        FieldKind::Text => value.is_string(),
        FieldKind::Integer => value.is_i64() || value.is_u64(),
        FieldKind::Number => value.is_number(),
        FieldKind::Boolean => value.is_boolean(),
        FieldKind::Numbers => value.as_object().is_some_and(|members| members.values().all(Value::is_number)),
        FieldKind::Object => value.is_object(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{SchemaProblem, check_line};

    fn problems(line: &Value) -> Vec<SchemaProblem> {
        check_line(line.as_object().unwrap())
    }

    #[test]
    fn line_has_only_documented_fields_of_their_types() {
        let line = json!({
            "timestamp": "t", "level": "WARN", "message": "m", "target": "runtime::api", "count": 1, "cause": "c",
        });
        assert_eq!(problems(&line), []);
        let line = json!({
            "timestamp": "t", "level": "WARN", "message": "m", "target": "runtime::api", "count": "1", "other": 1,
        });
        let expected = [SchemaProblem::WrongType("count"), SchemaProblem::UnknownField("other".to_owned())];
        assert_eq!(problems(&line), expected);
    }

    #[test]
    fn summary_has_all_its_fields() {
        let line = json!({
            "timestamp": "t", "level": "INFO", "message": "decision", "target": "runtime::authorizer",
            "function_name": "f", "requestId": "i", "request_id": "r", "outcome": "admitted", "duration": 1.5,
            "cold_start": false, "sql_statements": 1, "aws_calls": 0,
        });
        assert_eq!(problems(&line), []);
        let mut line = line;
        line.as_object_mut().unwrap().remove("duration");
        assert_eq!(problems(&line), [SchemaProblem::Missing("duration")]);
    }

    #[test]
    fn dependencies_have_fields_of_their_own() {
        let line =
            json!({ "timestamp": "t", "level": "WARN", "message": "m", "target": "sqlx", "elapsed": "1s" });
        assert_eq!(problems(&line), []);
        assert_eq!(
            problems(&json!({ "target": "sqlx", "level": "WARN", "timestamp": "t" })),
            [SchemaProblem::Missing("message")]
        );
    }
}
