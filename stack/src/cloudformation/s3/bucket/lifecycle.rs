//! What lifecycle rules delete, and when.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::cloudformation::consequence::Consequences;

/// Properties of a rule that delete nothing.
const KEEPING: [&str; 5] = ["Id", "Status", "Transition", "Transitions", "NoncurrentVersionTransitions"];
/// Properties of a rule that say which objects it is for.
const SCOPE: [&str; 5] = ["Prefix", "TagFilters", "ObjectSizeGreaterThan", "ObjectSizeLessThan", "Filter"];

/// Reports rules that delete more, or earlier. A rule with another scope counts as another rule.
pub(super) fn compare(consequences: &mut Consequences, old: &Value, new: &Value) {
    let (old, new) = (deletions(old), deletions(new));
    for ((scope, what), days) in &new {
        let before = old.get(&(scope.clone(), what.clone()));
        let is_no_earlier = match (before.map(Value::as_u64), days.as_u64()) {
            (Some(Some(before)), Some(days)) => days >= before,
            _ => before == Some(days),
        };
        if !is_no_earlier {
            let before = before.map_or("none".to_owned(), Value::to_string);
            consequences.loses_data(format!("lifecycle: {what} is {days}, was {before}"));
        }
    }
}

/// Returns what enabled rules delete: scope of the rule and kind of deletion, with its time.
fn deletions(configuration: &Value) -> BTreeMap<(String, String), Value> {
    let mut found = BTreeMap::new();
    let rules = configuration["Rules"].as_array().into_iter().flatten().filter_map(Value::as_object);
    for rule in rules.filter(|rule| rule.get("Status").is_some_and(|status| status == "Enabled")) {
        let scope: Map<String, Value> =
            SCOPE.iter().filter_map(|&name| Some((name.to_owned(), rule.get(name)?.clone()))).collect();
        let scope = Value::Object(scope).to_string();
        for (name, value) in rule {
            if KEEPING.contains(&name.as_str()) || SCOPE.contains(&name.as_str()) {
                continue;
            }
            match value.as_object() {
                Some(parts) => found.extend(
                    parts
                        .iter()
                        .map(|(part, value)| ((scope.clone(), format!("{name}.{part}")), value.clone())),
                ),
                None => {
                    found.insert((scope.clone(), name.clone()), value.clone());
                }
            }
        }
    }
    found
}
