//! What a new template would change, told from the two documents alone.
//!
//! CloudFormation tells it too, in a change set, which takes the right to make one. This takes the right to read the
//! deployed template, and knows what CloudFormation does not: what holds data, and what a policy lets somebody do that
//! it did not before.

mod difference;
mod finding;
mod grants;
mod judges;
mod properties;

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::{Map, Value};

pub use self::difference::PropertyDifference;
use self::difference::differences;

use self::finding::Findings;
pub use self::finding::{Consequence, Finding};
pub use self::grants::GrantChange;
use self::grants::grant_changes;
pub use self::properties::holds_data;
use self::properties::{judged_properties, replaces};
use crate::cloudformation::{Facts, fill_in};

/// All differences between two templates.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct TemplateReview {
    /// What is added, changed, replaced and removed, by name.
    pub changes: Vec<TemplateChange>,
    /// What is granted and no longer granted.
    pub grants: Vec<GrantChange>,
    /// What changes mean for data and for access.
    pub findings: Vec<Finding>,
}

/// A template with the facts of the platform that it refers to, by the names of their parameters.
#[derive(Clone, Copy, Debug)]
pub struct TemplateState<'a> {
    /// The template.
    pub template: &'a Value,
    /// The facts.
    pub facts: &'a Facts,
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
    /// Compares what is deployed, if anything is, with what would be.
    ///
    /// What is shown is the templates; rights and access are compared as they are with the facts filled in, since another
    /// fact under the same name is another right.
    pub fn of(deployed: Option<TemplateState<'_>>, proposed: TemplateState<'_>) -> Self {
        let nothing = Value::Null;
        let old = deployed.map_or(&nothing, |deployed| deployed.template);
        let new = proposed.template;
        let changes = ["Resources", "Parameters", "Outputs"]
            .into_iter()
            .flat_map(|section| section_changes(section, &old[section], &new[section]))
            .collect();
        let old = deployed.map_or(Value::Null, |deployed| fill_in(deployed.template, deployed.facts));
        let new = fill_in(new, proposed.facts);
        Self {
            changes,
            grants: grant_changes(&old, &new),
            findings: if deployed.is_some() { findings(&old, &new) } else { Vec::new() },
        }
    }

    /// Whether the templates are the same.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty() && self.grants.is_empty() && self.findings.is_empty()
    }

    /// What would be granted that is not granted now.
    pub fn widening(&self) -> impl Iterator<Item = &GrantChange> {
        self.grants.iter().filter(|change| change.widens)
    }

    /// What would be replaced or removed although it holds data.
    pub fn endangered(&self) -> impl Iterator<Item = &TemplateChange> {
        self.changes.iter().filter(|change| change.endangers_data())
    }

    /// The findings of a kind.
    pub fn findings(&self, consequence: Consequence) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(move |finding| finding.consequence == consequence)
    }
}

/// The findings of all resources. A resource that is new has no data yet, and lets in more than before; one that goes is
/// a change by itself.
fn findings(old: &Value, new: &Value) -> Vec<Finding> {
    let nothing = Value::Null;
    let mut found = Vec::new();
    for (id, new) in new["Resources"].as_object().into_iter().flatten() {
        let old = old["Resources"].get(id);
        let mut of_resource = Vec::new();
        let mut findings = Findings::new(id, &mut of_resource);
        for (property, judge) in judged_properties(new["Type"].as_str().unwrap_or_default()) {
            let old = old.map_or(&nothing, |old| &old["Properties"][property]);
            judge(&mut findings, old, &new["Properties"][property]);
        }
        match old {
            Some(old) => retention(&mut findings, old, new),
            None => of_resource.retain(|finding| finding.consequence == Consequence::Opens),
        }
        found.extend(of_resource);
    }
    found.sort();
    found
}

/// What becomes of a resource that leaves the stack, or is replaced.
fn retention(findings: &mut Findings<'_>, old: &Value, new: &Value) {
    for attribute in ["DeletionPolicy", "UpdateReplacePolicy"] {
        let retains = |resource: &Value| {
            resource[attribute].as_str().is_some_and(|policy| policy.starts_with("Retain"))
        };
        if retains(old) && !retains(new) {
            findings.loses_data(format!("{attribute} no longer retains it"));
        }
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
