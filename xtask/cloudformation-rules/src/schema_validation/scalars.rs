//! Keywords that constrain texts and numbers.

use std::collections::BTreeMap;
use std::sync::{LazyLock, Mutex, PoisonError};

use fancy_regex::Regex;
use serde_json::Value;

use super::{Check, Checked, Problem};
use crate::rule::Rule;

pub(super) const CHECKS: &[(&str, Check)] = &[
    ("enum", enumeration),
    ("const", constant),
    ("pattern", pattern),
    ("minLength", minimum_length),
    ("maxLength", maximum_length),
    ("minimum", minimum),
    ("maximum", maximum),
    ("exclusiveMinimum", exclusive_minimum),
    ("exclusiveMaximum", exclusive_maximum),
    ("multipleOf", multiple),
];

fn enumeration(checked: Checked<'_>) -> Vec<Problem> {
    let values = checked.keyword.as_array().map(Vec::as_slice).unwrap_or_default();
    let is_listed = values.iter().any(|value| are_equal(value, checked.value));
    without_value(is_listed, Rule::NotInEnumeration, "enum", checked)
}

fn constant(checked: Checked<'_>) -> Vec<Problem> {
    let is_equal = are_equal(checked.keyword, checked.value);
    without_value(is_equal, Rule::NotInEnumeration, "const", checked)
}

fn pattern(checked: Checked<'_>) -> Vec<Problem> {
    let (Some(pattern), Some(text)) = (checked.keyword.as_str(), checked.value.as_str()) else {
        return Vec::new();
    };
    without_value(matches(pattern, text), Rule::PatternMismatch, "pattern", checked)
}

/// Whether a text contains what a pattern matches; true if the pattern cannot be read.
pub(super) fn matches(pattern: &str, text: &str) -> bool {
    /// Compiling a pattern takes longer than matching it, and most patterns are needed again.
    static COMPILED: LazyLock<Mutex<BTreeMap<String, Option<Regex>>>> = LazyLock::new(Mutex::default);
    let mut compiled = COMPILED.lock().unwrap_or_else(PoisonError::into_inner);
    let regex = compiled.entry(pattern.to_owned()).or_insert_with(|| Regex::new(pattern).ok());
    regex.as_ref().and_then(|regex| regex.is_match(text).ok()).unwrap_or(true)
}

fn minimum_length(checked: Checked<'_>) -> Vec<Problem> {
    length(checked, |length, limit| length >= limit, "minLength")
}

fn maximum_length(checked: Checked<'_>) -> Vec<Problem> {
    length(checked, |length, limit| length <= limit, "maxLength")
}

fn length(checked: Checked<'_>, is_valid: fn(u64, u64) -> bool, keyword: &str) -> Vec<Problem> {
    let (Some(limit), Some(text)) = (checked.keyword.as_u64(), checked.value.as_str()) else {
        return Vec::new();
    };
    let length = text.chars().count() as u64;
    let message = format!("expected {keyword}: {limit}, actual: {length}");
    let problem = || checked.problem(Rule::TextLength, &message);
    (!is_valid(length, limit)).then(problem).into_iter().collect()
}

fn minimum(checked: Checked<'_>) -> Vec<Problem> {
    range(checked, |number, limit| number >= limit, "minimum")
}

fn maximum(checked: Checked<'_>) -> Vec<Problem> {
    range(checked, |number, limit| number <= limit, "maximum")
}

fn exclusive_minimum(checked: Checked<'_>) -> Vec<Problem> {
    range(checked, |number, limit| number > limit, "exclusiveMinimum")
}

fn exclusive_maximum(checked: Checked<'_>) -> Vec<Problem> {
    range(checked, |number, limit| number < limit, "exclusiveMaximum")
}

fn multiple(checked: Checked<'_>) -> Vec<Problem> {
    // The quotient of two decimal fractions is not exact.
    let is_multiple = |number: f64, limit: f64| ((number / limit) - (number / limit).round()).abs() < 1e-6;
    range(checked, is_multiple, "multipleOf")
}

fn range(checked: Checked<'_>, is_valid: fn(f64, f64) -> bool, keyword: &str) -> Vec<Problem> {
    let (Some(limit), Some(number)) = (checked.keyword.as_f64(), checked.value.as_f64()) else {
        return Vec::new();
    };
    without_value(is_valid(number, limit), Rule::NumberRange, keyword, checked)
}

fn without_value(is_valid: bool, rule: Rule, keyword: &str, checked: Checked<'_>) -> Vec<Problem> {
    (!is_valid).then(|| Problem::without_value(rule, checked.pointer, keyword)).into_iter().collect()
}

/// Whether two values are equal after a conversion between texts, numbers and booleans.
fn are_equal(listed: &Value, value: &Value) -> bool {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    listed == value || text(listed) == text(value)
}
