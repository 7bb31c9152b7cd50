//! The conditions of a template, as far as they are known.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::intrinsics::is_unknown;
use crate::resolve::Resolver;

/// Returns the values of the conditions that are known.
pub(crate) fn evaluate(template: &Value, resolver: &Resolver<'_>) -> BTreeMap<String, bool> {
    let conditions = template["Conditions"].as_object();
    conditions
        .into_iter()
        .flatten()
        .filter_map(|(name, _)| Some((name.clone(), named(template, name, resolver, conditions?.len())?)))
        .collect()
}

/// `depth` limits how far a cycle of conditions is followed.
fn named(template: &Value, name: &str, resolver: &Resolver<'_>, depth: usize) -> Option<bool> {
    condition(template, &template["Conditions"][name], resolver, depth.checked_sub(1)?)
}

fn condition(template: &Value, value: &Value, resolver: &Resolver<'_>, depth: usize) -> Option<bool> {
    let (function, argument) = value.as_object()?.iter().next()?;
    let of = |value: &Value| condition(template, value, resolver, depth);
    match (function.as_str(), argument) {
        ("Condition", Value::String(name)) => named(template, name, resolver, depth),
        ("Fn::Not", Value::Array(arguments)) => of(arguments.first()?).map(|value| !value),
        ("Fn::And", Value::Array(arguments)) => {
            arguments.iter().map(of).try_fold(true, |all, value| Some(all && value?))
        }
        ("Fn::Or", Value::Array(arguments)) => {
            arguments.iter().map(of).try_fold(false, |any, value| Some(any || value?))
        }
        ("Fn::Equals", Value::Array(arguments)) => {
            let [left, right] = arguments.as_slice() else { return None };
            let (left, right) = (resolver.resolve(left)?, resolver.resolve(right)?);
            (!is_unknown(&left) && !is_unknown(&right)).then(|| text(&left) == text(&right))
        }
        _ => None,
    }
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
