//! What a new template would change, told from the two documents alone.
//!
//! CloudFormation tells it too, in a change set, which takes the right to make one. This takes the right to read the
//! deployed template, and knows what CloudFormation does not: what holds data, and what a policy lets somebody do that
//! it did not before.

mod difference;
mod grants;
mod replacement;

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::{Map, Value};

pub use self::difference::PropertyDifference;
use self::difference::differences;

pub use self::grants::GrantChange;
use self::grants::grant_changes;
pub use self::replacement::holds_data;
use self::replacement::replaces;

/// All differences between two templates.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct TemplateReview {
    /// What is added, changed, replaced and removed, by name.
    pub changes: Vec<TemplateChange>,
    /// What is granted and no longer granted.
    pub grants: Vec<GrantChange>,
}

/// One part of a template that differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TemplateChange {
    /// `Resources`, `Parameters` or `Outputs`.
    pub section: &'static str,
    /// Its name there.
    pub name: String,
    /// The type of a resource; blank for the others.
    pub resource_type: String,
    /// How it differs.
    pub kind: ChangeKind,
    /// Whether it is lost with the resource: messages, objects, logs.
    pub holds_data: bool,
}

/// How a part of a template differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangeKind {
    /// It is new.
    Added,
    /// These properties differ.
    Changed(Vec<PropertyDifference>),
    /// These properties differ, and CloudFormation makes another resource for one of them.
    Replaced(Vec<PropertyDifference>),
    /// It is gone.
    Removed,
}

impl TemplateChange {
    /// Whether something that holds data would be replaced or removed.
    pub fn endangers_data(&self) -> bool {
        self.holds_data && matches!(self.kind, ChangeKind::Replaced(_) | ChangeKind::Removed)
    }
}

impl TemplateReview {
    /// Compare what is deployed, if anything is, with what would be.
    pub fn of(deployed: Option<&Value>, proposed: &Value) -> Self {
        let nothing = Value::Null;
        let deployed = deployed.unwrap_or(&nothing);
        let changes = ["Resources", "Parameters", "Outputs"]
            .into_iter()
            .flat_map(|section| section_changes(section, &deployed[section], &proposed[section]))
            .collect();
        Self { changes, grants: grant_changes(deployed, proposed) }
    }

    /// Whether the templates are the same.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty() && self.grants.is_empty()
    }

    /// What would be granted that is not granted now.
    pub fn widening(&self) -> impl Iterator<Item = &GrantChange> {
        self.grants.iter().filter(|change| change.widens)
    }

    /// What would be replaced or removed although it holds data.
    pub fn endangered(&self) -> impl Iterator<Item = &TemplateChange> {
        self.changes.iter().filter(|change| change.endangers_data())
    }
}

fn section_changes(section: &'static str, old: &Value, new: &Value) -> Vec<TemplateChange> {
    let empty = Map::new();
    let (old, new) = (old.as_object().unwrap_or(&empty), new.as_object().unwrap_or(&empty));
    let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    let change = |name: &String| {
        let (old, new) = (old.get(name), new.get(name));
        let resource_type =
            old.or(new)?["Type"].as_str().filter(|_| section == "Resources").unwrap_or_default();
        let kind = match (old, new) {
            (None, _) => ChangeKind::Added,
            (_, None) => ChangeKind::Removed,
            (Some(old), Some(new)) if old == new => return None,
            (Some(old), Some(new)) => {
                let differences = differences(old, new);
                let is_replaced = old["Type"] != new["Type"]
                    || differences.iter().any(|difference| replaces(resource_type, difference.property()));
                if is_replaced && section == "Resources" {
                    ChangeKind::Replaced(differences)
                } else {
                    ChangeKind::Changed(differences)
                }
            }
        };
        Some(TemplateChange {
            section,
            name: name.clone(),
            resource_type: resource_type.to_owned(),
            kind,
            holds_data: holds_data(resource_type),
        })
    };
    names.into_iter().filter_map(change).collect()
}

#[cfg(test)]
mod tests;
