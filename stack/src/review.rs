//! What a new template would change, from the two documents alone.
//!
//! A change set of CloudFormation says it too, but creating one needs a permission. This needs the permission to read the
//! deployed template, and says what CloudFormation does not: what holds data, and what a policy newly allows.
//! A deployment compares the change set with the review before it executes it.

mod action;
mod difference;
mod finding;
mod grants;
mod indirect;

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::{Map, Value};

pub use self::action::{ActionCounts, ResourceAction};
pub use self::difference::PropertyDifference;
use self::difference::differences;
pub use self::finding::Finding;
use self::finding::findings;
pub use self::grants::GrantChange;
use self::grants::grant_changes;
use self::indirect::add_indirect_changes;
use crate::cloudformation::{Consequence, fill_in, holds_data, resource_type};
use crate::platform_parameters::{PlatformParameterValues, changed_parameters};

/// All differences between two templates.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct TemplateReview {
    /// What is added, changed, replaced and removed, by name.
    pub changes: Vec<TemplateChange>,
    /// What is newly allowed, and no longer allowed.
    pub grants: Vec<GrantChange>,
    /// What changes mean for data and for access.
    pub findings: Vec<Finding>,
}

/// A template, and the values of the platform parameters that it refers to.
#[derive(Clone, Copy, Debug)]
pub struct TemplateState<'a> {
    /// The template.
    pub template: &'a Value,
    /// The values of the platform parameters.
    pub parameters: &'a PlatformParameterValues,
}

/// One part of a template that differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TemplateChange {
    /// `Resources`, `Parameters` or `Outputs`.
    pub section: &'static str,
    /// Its name there.
    pub name: String,
    /// The type of a resource; blank for parameters and outputs.
    pub resource_type: String,
    /// How it differs.
    pub kind: ChangeKind,
    /// Whether messages, objects or logs are lost with the resource.
    pub holds_data: bool,
    /// The references that cause the change, such as `Queue.Arn`; empty if only its own properties differ.
    pub causes: Vec<String>,
}

/// How a part of a template differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangeKind {
    /// It is new.
    Added,
    /// These properties differ, or a value that it refers to.
    Changed(Vec<PropertyDifference>),
    /// A value that it refers to may change.
    MayChange,
    /// These properties differ, if any, and CloudFormation creates another resource if a value that it refers to changes.
    MayBeReplaced(Vec<PropertyDifference>),
    /// These properties differ, or a value that it refers to, and CloudFormation creates another resource.
    Replaced(Vec<PropertyDifference>),
    /// It is removed.
    Removed,
}

impl ChangeKind {
    /// Returns the properties that differ, for a resource that is changed or replaced.
    pub fn differences(&self) -> &[PropertyDifference] {
        match self {
            Self::Changed(differences) | Self::MayBeReplaced(differences) | Self::Replaced(differences) => {
                differences
            }
            Self::Added | Self::MayChange | Self::Removed => &[],
        }
    }
}

impl TemplateChange {
    /// Returns what happens to the resource.
    pub fn action(&self) -> ResourceAction {
        match self.kind {
            ChangeKind::Added => ResourceAction::Add,
            ChangeKind::Changed(_) => ResourceAction::Change,
            ChangeKind::MayChange => ResourceAction::MayChange,
            ChangeKind::MayBeReplaced(_) => ResourceAction::MayBeReplaced,
            ChangeKind::Replaced(_) => ResourceAction::Replace,
            ChangeKind::Removed => ResourceAction::Remove,
        }
    }

    /// Whether a resource that holds data would be replaced or removed, or may be.
    pub fn endangers_data(&self) -> bool {
        self.holds_data && self.action().may_delete()
    }
}

impl TemplateReview {
    /// Compares what is deployed, if anything, with what would be deployed.
    ///
    /// Changes are those of the templates. Permissions and access are compared with the values of the platform parameters
    /// filled in, because another value under the same name is another permission.
    pub fn compare(deployed: Option<TemplateState<'_>>, proposed: TemplateState<'_>) -> Self {
        let nothing = Value::Null;
        let old = deployed.map_or(&nothing, |deployed| deployed.template);
        let new = proposed.template;
        let section = |name| section_changes(name, &old[name], &new[name]);
        let mut changes = section("Resources");
        if let Some(deployed) = deployed {
            let parameters = changed_parameters(new, deployed.parameters, proposed.parameters);
            add_indirect_changes(&mut changes, new, &parameters);
        }
        changes.extend(section("Parameters"));
        changes.extend(section("Outputs"));
        let old = deployed.map_or(Value::Null, |deployed| fill_in(deployed.template, deployed.parameters));
        let new = fill_in(new, proposed.parameters);
        Self {
            changes,
            grants: grant_changes(&old, &new),
            findings: if deployed.is_some() { findings(&old, &new) } else { Vec::new() },
        }
    }

    /// Whether nothing differs.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty() && self.grants.is_empty() && self.findings.is_empty()
    }

    /// Returns what would be allowed that is not allowed now.
    pub fn widening(&self) -> impl Iterator<Item = &GrantChange> {
        self.grants.iter().filter(|change| change.widens)
    }

    /// Returns the changes of resources.
    pub fn resources(&self) -> impl Iterator<Item = &TemplateChange> {
        self.changes.iter().filter(|change| change.section == "Resources")
    }

    /// Returns the resources with data that would be replaced or removed, or may be.
    pub fn endangered(&self) -> impl Iterator<Item = &TemplateChange> {
        self.changes.iter().filter(|change| change.endangers_data())
    }

    /// Returns the findings with a consequence.
    pub fn findings(&self, consequence: Consequence) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(move |finding| finding.consequence == consequence)
    }
}

fn section_changes(section: &'static str, old: &Value, new: &Value) -> Vec<TemplateChange> {
    let empty = Map::new();
    let (old, new) = (old.as_object().unwrap_or(&empty), new.as_object().unwrap_or(&empty));
    let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    let change = |name: &String| {
        let (old, new) = (old.get(name), new.get(name));
        let type_name = old.or(new)?["Type"].as_str().filter(|_| section == "Resources").unwrap_or_default();
        let kind = match (old, new) {
            (None, _) => ChangeKind::Added,
            (_, None) => ChangeKind::Removed,
            (Some(old), Some(new)) if old == new => return None,
            (Some(old), Some(new)) => {
                let differences = differences(old, new);
                if section == "Resources"
                    && (old["Type"] != new["Type"] || is_replaced(type_name, &differences))
                {
                    ChangeKind::Replaced(differences)
                } else {
                    ChangeKind::Changed(differences)
                }
            }
        };
        Some(TemplateChange {
            section,
            name: name.clone(),
            resource_type: type_name.to_owned(),
            kind,
            holds_data: holds_data(type_name),
            causes: Vec::new(),
        })
    };
    names.into_iter().filter_map(change).collect()
}

fn is_replaced(type_name: &str, differences: &[PropertyDifference]) -> bool {
    let resource_type = resource_type(type_name);
    resource_type
        .is_some_and(|known| differences.iter().any(|difference| known.is_replaced_by(&difference.path)))
}

#[cfg(test)]
mod tests;
