//! What changes mean for data and for access.

mod variables;

use serde::Serialize;
use serde_json::Value;

use crate::cloudformation::{Change, Consequence, Consequences, Property, resource_type};

/// A change that matters to data or to access.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Finding {
    /// What it means.
    pub consequence: Consequence,
    /// The resource, by logical id.
    pub resource: String,
    /// What changes.
    pub what: String,
}

/// Returns the findings of all resources.
///
/// A new resource contains no data yet, and can only open access; a removed one is a change by itself.
pub(super) fn findings(old: &Value, new: &Value) -> Vec<Finding> {
    let nothing = Value::Null;
    let mut found = Vec::new();
    for (id, new) in new["Resources"].as_object().into_iter().flatten() {
        let old = old["Resources"].get(id);
        let mut consequences = Consequences::default();
        if let Some(resource_type) = resource_type(new["Type"].as_str().unwrap_or_default()) {
            let old = old.map_or(&nothing, |old| &old["Properties"]);
            compare(&mut consequences, resource_type.properties, old, &new["Properties"]);
        }
        if let Some(old) = old {
            retention(&mut consequences, old, new);
        }
        let is_new = old.is_none();
        let consequences = consequences.into_vec().into_iter();
        let matters = consequences.filter(|(consequence, _)| !is_new || *consequence == Consequence::Opens);
        found.extend(matters.map(|(consequence, what)| Finding { consequence, resource: id.clone(), what }));
    }
    found.sort();
    found
}

/// Compares properties, and those inside them.
fn compare(consequences: &mut Consequences, properties: &[Property], old: &Value, new: &Value) {
    for property in properties {
        let (old, new) = match property.name {
            "" => (old, new),
            name => (&old[name], &new[name]),
        };
        match property.change {
            Change::Compared(compare) => compare(consequences, old, new),
            Change::Variables => variables::compare(consequences, old, new),
            Change::Plain | Change::Replaces | Change::ComparedByParent | Change::Grants => {}
        }
        compare(consequences, property.properties, old, new);
    }
}

/// Compares what happens to a resource that leaves the stack or is replaced.
fn retention(consequences: &mut Consequences, old: &Value, new: &Value) {
    for attribute in ["DeletionPolicy", "UpdateReplacePolicy"] {
        let retains = |resource: &Value| {
            resource[attribute].as_str().is_some_and(|policy| policy.starts_with("Retain"))
        };
        if retains(old) && !retains(new) {
            consequences.loses_data(format!("{attribute} no longer retains it"));
        }
    }
}
