//! Keywords that constrain lists and objects.

use serde_json::{Map, Value};

use super::scalars::matches;
use super::{Check, Checked, Problem};
use crate::rule::Rule;

pub(super) const CHECKS: &[(&str, Check)] = &[
    ("properties", properties),
    ("patternProperties", pattern_properties),
    ("additionalProperties", additional_properties),
    ("required", required),
    ("minProperties", minimum_properties),
    ("maxProperties", maximum_properties),
    ("items", items),
    ("minItems", minimum_items),
    ("maxItems", maximum_items),
    ("uniqueItems", unique_items),
];

fn properties(checked: Checked<'_>) -> Vec<Problem> {
    members(checked.value)
        .filter_map(|(key, value)| Some(checked.inside(checked.keyword.get(key)?, key, value)))
        .flatten()
        .collect()
}

fn pattern_properties(checked: Checked<'_>) -> Vec<Problem> {
    members(checked.keyword)
        .flat_map(|(pattern, schema)| {
            members(checked.value)
                .filter(move |(key, _)| matches(pattern, key))
                .flat_map(move |(key, value)| checked.inside(schema, key, value))
        })
        .collect()
}

fn additional_properties(checked: Checked<'_>) -> Vec<Problem> {
    let is_declared = |key: &str| {
        checked.schema["properties"].get(key).is_some()
            || members(&checked.schema["patternProperties"]).any(|(pattern, _)| matches(pattern, key))
    };
    members(checked.value)
        .filter(|(key, _)| !is_declared(key))
        .flat_map(|(key, value)| match checked.keyword {
            Value::Bool(false) => {
                let message = format!("extraneous key [{key}] is not permitted");
                vec![checked.problem(Rule::UnknownProperty, &message)]
            }
            schema => checked.inside(schema, key, value),
        })
        .collect()
}

fn required(checked: Checked<'_>) -> Vec<Problem> {
    if !checked.value.is_object() {
        return Vec::new();
    }
    let names = checked.keyword.as_array().map(Vec::as_slice).unwrap_or_default();
    names
        .iter()
        .filter_map(Value::as_str)
        .filter(|name| checked.value.get(*name).is_none())
        .map(|name| checked.problem(Rule::MissingProperty, &format!("required key [{name}] not found")))
        .collect()
}

fn minimum_properties(checked: Checked<'_>) -> Vec<Problem> {
    let count = checked.value.as_object().map(Map::len);
    too_few(checked, count, "size")
}

fn maximum_properties(checked: Checked<'_>) -> Vec<Problem> {
    let count = checked.value.as_object().map(Map::len);
    too_many(checked, count, "size")
}

fn items(checked: Checked<'_>) -> Vec<Problem> {
    let items = checked.value.as_array().map(Vec::as_slice).unwrap_or_default();
    items
        .iter()
        .enumerate()
        .flat_map(|(index, item)| checked.inside(checked.keyword, &index.to_string(), item))
        .collect()
}

fn minimum_items(checked: Checked<'_>) -> Vec<Problem> {
    too_few(checked, checked.value.as_array().map(Vec::len), "item count")
}

fn maximum_items(checked: Checked<'_>) -> Vec<Problem> {
    too_many(checked, checked.value.as_array().map(Vec::len), "item count")
}

fn unique_items(checked: Checked<'_>) -> Vec<Problem> {
    let items = checked.value.as_array().map(Vec::as_slice).unwrap_or_default();
    let is_repeated = items.iter().enumerate().any(|(index, item)| items[..index].contains(item));
    if *checked.keyword == Value::Bool(true) && is_repeated {
        vec![checked.problem(Rule::DuplicateItems, "array items are not unique")]
    } else {
        Vec::new()
    }
}

fn too_few(checked: Checked<'_>, count: Option<usize>, what: &str) -> Vec<Problem> {
    count_problem(checked, count, |count, limit| count < limit, &format!("minimum {what}"))
}

fn too_many(checked: Checked<'_>, count: Option<usize>, what: &str) -> Vec<Problem> {
    count_problem(checked, count, |count, limit| count > limit, &format!("maximum {what}"))
}

fn count_problem(
    checked: Checked<'_>,
    count: Option<usize>,
    is_wrong: fn(u64, u64) -> bool,
    what: &str,
) -> Vec<Problem> {
    let (Some(count), Some(limit)) = (count, checked.keyword.as_u64()) else { return Vec::new() };
    let message = format!("expected {what}: {limit}, found: {count}");
    is_wrong(count as u64, limit).then(|| checked.problem(Rule::ItemCount, &message)).into_iter().collect()
}

pub(super) fn members(value: &Value) -> impl Iterator<Item = (&str, &Value)> {
    value.as_object().into_iter().flatten().map(|(key, member)| (key.as_str(), member))
}
