//! What changes mean for data and for access.

mod variables;

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::{Map, Value};

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
/// A new resource contains no data yet, and can only open access. A removed one can only close it: the loss of its data is
/// a change by itself.
pub(super) fn findings(old: &Value, new: &Value) -> Vec<Finding> {
    let nothing = Value::Null;
    let none = Map::new();
    let [old, new] = [old, new].map(|template| template["Resources"].as_object().unwrap_or(&none));
    let ids: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    let mut found = Vec::new();
    for id in ids {
        let (old, new) = (old.get(id), new.get(id));
        let mut consequences = Consequences::default();
        let type_name = new.or(old).and_then(|resource| resource["Type"].as_str()).unwrap_or_default();
        if let Some(resource_type) = resource_type(type_name) {
            let [old, new] = [old, new].map(|it| it.map_or(&nothing, |resource| &resource["Properties"]));
            compare(&mut consequences, resource_type.properties, old, new);
        }
        if let (Some(old), Some(new)) = (old, new) {
            retention(&mut consequences, old, new);
        }
        let matters = |consequence: Consequence| match (old, new) {
            (None, _) => consequence == Consequence::Opens,
            (_, None) => consequence == Consequence::Closes,
            _ => true,
        };
        let consequences = consequences.into_vec().into_iter();
        let consequences = consequences.filter(|(consequence, _)| matters(*consequence));
        found.extend(consequences.map(|(consequence, what)| Finding {
            consequence,
            resource: id.clone(),
            what,
        }));
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
