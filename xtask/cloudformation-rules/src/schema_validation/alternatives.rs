//! Keywords that combine schemas, and those that relate properties to each other.

use std::collections::BTreeSet;

use serde_json::Value;

use super::collections::members;
use super::{Check, Checked, Problem};
use crate::intrinsics::is_unknown;
use crate::rule::Rule;

/// Those that begin with `dependent` or `required`, and `maxUniqueItems`, are additions of cfn-lint:
/// <https://github.com/aws-cloudformation/cfn-lint/blob/main/docs/cfn-schema-specification.md>.
pub(super) const CHECKS: &[(&str, Check)] = &[
    ("allOf", all),
    ("anyOf", any),
    ("oneOf", one),
    ("dependencies", dependencies),
    ("dependentRequired", dependent_required),
    ("dependentExcluded", dependent_excluded),
    ("requiredXor", exactly_one_required),
    ("requiredOr", one_required),
    ("maxUniqueItems", maximum_unique_items),
];

fn all(checked: Checked<'_>) -> Vec<Problem> {
    schemas(checked).iter().flat_map(|schema| checked.with(schema)).collect()
}

fn any(checked: Checked<'_>) -> Vec<Problem> {
    let count = schemas(checked).len();
    let message = format!("#: no subschema matched out of the total {count} subschemas");
    problem(matching(checked) == 0, Rule::Alternatives, &message, checked)
}

fn one(checked: Checked<'_>) -> Vec<Problem> {
    let count = matching(checked);
    // What is not known matches each alternative.
    let is_valid = count == 1 || (count > 1 && contains_unknown(checked.value));
    let message = format!("#: {count} subschemas matched instead of one");
    problem(!is_valid, Rule::Alternatives, &message, checked)
}

fn schemas(checked: Checked<'_>) -> &[Value] {
    checked.keyword.as_array().map(Vec::as_slice).unwrap_or_default()
}

fn matching(checked: Checked<'_>) -> usize {
    schemas(checked).iter().filter(|schema| checked.with(schema).is_empty()).count()
}

fn contains_unknown(value: &Value) -> bool {
    is_unknown(value)
        || match value {
            Value::Array(items) => items.iter().any(contains_unknown),
            Value::Object(members) => members.values().any(contains_unknown),
            _ => false,
        }
}

fn dependencies(checked: Checked<'_>) -> Vec<Problem> {
    missing_dependencies(checked, Rule::MissingProperty)
}

fn dependent_required(checked: Checked<'_>) -> Vec<Problem> {
    missing_dependencies(checked, Rule::PropertyCombination)
}

fn missing_dependencies(checked: Checked<'_>, rule: Rule) -> Vec<Problem> {
    members(checked.keyword)
        .filter(|(key, _)| is_set(checked, key))
        .flat_map(|(_, needed)| names(needed))
        .filter(|needed| !is_set(checked, needed))
        .map(|needed| checked.problem(rule, &format!("property [{needed}] is required")))
        .collect()
}

fn dependent_excluded(checked: Checked<'_>) -> Vec<Problem> {
    let pairs: BTreeSet<[&str; 2]> = members(checked.keyword)
        .filter(|(key, _)| is_set(checked, key))
        .flat_map(|(key, excluded)| names(excluded).map(move |other| [key.min(other), key.max(other)]))
        .filter(|[left, right]| is_set(checked, left) && is_set(checked, right))
        .collect();
    pairs
        .into_iter()
        .map(|pair| {
            let message = format!("properties [{}] exclude each other", pair.join(", "));
            checked.problem(Rule::PropertyCombination, &message)
        })
        .collect()
}

fn exactly_one_required(checked: Checked<'_>) -> Vec<Problem> {
    required_of(checked, |count| count == 1, "exactly one")
}

fn one_required(checked: Checked<'_>) -> Vec<Problem> {
    required_of(checked, |count| count > 0, "at least one")
}

fn required_of(checked: Checked<'_>, is_valid: fn(usize) -> bool, how_many: &str) -> Vec<Problem> {
    if !checked.value.is_object() {
        return Vec::new();
    }
    let all: Vec<&str> = names(checked.keyword).collect();
    let count = all.iter().filter(|name| is_set(checked, name)).count();
    let message = format!("{how_many} of the properties [{}] is required, found: {count}", all.join(", "));
    problem(!is_valid(count), Rule::PropertyCombination, &message, checked)
}

fn maximum_unique_items(checked: Checked<'_>) -> Vec<Problem> {
    let (Some(items), Some(limit)) = (checked.value.as_array(), checked.keyword.as_u64()) else {
        return Vec::new();
    };
    let unique: BTreeSet<String> = items.iter().map(Value::to_string).collect();
    let message = format!("expected maximum item count: {limit}, found: {}", unique.len());
    problem(unique.len() as u64 > limit, Rule::ItemCount, &message, checked)
}

fn names(value: &Value) -> impl Iterator<Item = &str> {
    value.as_array().into_iter().flatten().filter_map(Value::as_str)
}

fn is_set(checked: Checked<'_>, name: &str) -> bool {
    checked.value.get(name).is_some()
}

fn problem(is_wrong: bool, rule: Rule, message: &str, checked: Checked<'_>) -> Vec<Problem> {
    is_wrong.then(|| checked.problem(rule, message)).into_iter().collect()
}
