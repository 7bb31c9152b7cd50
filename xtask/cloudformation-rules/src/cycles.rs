//! Resources that depend on each other.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::references::dependencies;
use crate::rule::Rule;
use crate::violation::Violation;

/// Returns whether resources depend on each other.
pub(crate) fn check(template: &Value) -> Option<Violation> {
    let ids = in_cycles(&dependencies(template));
    let first = *ids.first()?;
    let ids: Vec<&str> = ids.into_iter().collect();
    let message = format!("Circular dependency between resources: [{}]", ids.join(", "));
    Some(Violation::of_entry(Rule::CircularDependency, "Resources", first, message))
}

/// Returns the resources that are in a cycle or between two cycles.
fn in_cycles<'a>(dependencies: &BTreeMap<&'a str, BTreeSet<&'a str>>) -> BTreeSet<&'a str> {
    let mut remaining: BTreeSet<&str> = dependencies.keys().copied().collect();
    loop {
        let depended_on: BTreeSet<&str> =
            remaining.iter().flat_map(|id| &dependencies[id]).copied().collect();
        let next: BTreeSet<&str> = remaining
            .iter()
            .copied()
            .filter(|id| depended_on.contains(id))
            .filter(|id| dependencies[id].iter().any(|target| remaining.contains(target)))
            .collect();
        if next.len() == remaining.len() {
            return next;
        }
        remaining = next;
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::{Request, messages};

    #[test]
    fn resources_in_a_cycle_are_refused() {
        let named_for =
            |id: &str| json!({ "Type": "AWS::SQS::Queue", "Properties": { "QueueName": { "Ref": id } } });
        let after = json!({ "Type": "AWS::SQS::Queue", "DependsOn": "First" });
        let request = Request::new(&json!({ "Resources": {
            "First": named_for("Second"), "Second": after, "User": named_for("First"),
        } }));
        assert_eq!(messages(&request), ["Circular dependency between resources: [First, Second]"]);
    }

    #[test]
    fn resource_that_depends_on_itself_is_refused() {
        let queue = json!({ "Type": "AWS::SQS::Queue", "DependsOn": "Queue" });
        let request = Request::new(&json!({ "Resources": { "Queue": queue } }));
        assert_eq!(messages(&request), ["Circular dependency between resources: [Queue]"]);
    }
}
