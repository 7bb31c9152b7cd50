//! The type of a value, to which CloudFormation converts what a template contains.

use std::borrow::Cow;

use serde_json::{Number, Value};

/// Converts a value to the type that a schema names, as CloudFormation does.
///
/// Texts that are numbers or booleans become these, and these become texts. The error is the message.
pub(super) fn convert<'a>(types: &Value, value: &'a Value) -> Result<Cow<'a, Value>, String> {
    let names: Vec<&str> = match types {
        Value::String(name) => vec![name],
        Value::Array(names) => names.iter().filter_map(Value::as_str).collect(),
        _ => return Ok(Cow::Borrowed(value)),
    };
    if names.iter().any(|name| is(name, value)) {
        return Ok(Cow::Borrowed(value));
    }
    if let Some(converted) = names.iter().find_map(|name| converted(name, value)) {
        return Ok(Cow::Owned(converted));
    }
    let expected: Vec<&str> = names.iter().map(|name| name_of(name)).collect();
    Err(format!("expected type: {}, found: {}", expected.join(" or "), found(value)))
}

fn is(name: &str, value: &Value) -> bool {
    match name {
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "number" => value.is_number(),
        "integer" => value.as_f64().is_some_and(|number| number.fract() == 0.0),
        "array" => value.is_array(),
        "object" => value.is_object(),
        "null" => value.is_null(),
        _ => true,
    }
}

fn converted(name: &str, value: &Value) -> Option<Value> {
    match (name, value) {
        ("string", Value::Number(_) | Value::Bool(_)) => Some(Value::String(value.to_string())),
        ("boolean", Value::String(text)) => text.to_ascii_lowercase().parse().ok().map(Value::Bool),
        ("integer" | "number", Value::String(text)) => {
            let number: Number = text.trim().parse().ok()?;
            let number = Value::Number(number);
            is(name, &number).then_some(number)
        }
        _ => None,
    }
}

/// Returns the name that CloudFormation's validator, which is written in Java, has for a type.
fn name_of(name: &str) -> &str {
    match name {
        "string" => "String",
        "boolean" => "Boolean",
        "number" => "Number",
        "integer" => "Integer",
        "array" => "JSONArray",
        "object" => "JSONObject",
        other => other,
    }
}

fn found(value: &Value) -> &'static str {
    match value {
        Value::Null => "Null",
        Value::Bool(_) => "Boolean",
        Value::Number(number) if number.is_f64() => "Double",
        Value::Number(_) => "Integer",
        Value::String(_) => "String",
        Value::Array(_) => "JSONArray",
        Value::Object(_) => "JSONObject",
    }
}
