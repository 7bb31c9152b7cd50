//! Resources that change because of a value that they refer to.
//!
//! CloudFormation lists them in a change set too. An attribute of a resource that changes may get another value, and so
//! may a reference to a resource that is replaced; which of them do is known only when the change is made:
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ResourceChangeDetail.html>.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{ChangeKind, TemplateChange};
use crate::cloudformation::{Intrinsic, ResourceType, holds_data, resource_type, visit};

/// Adds the changes of resources that refer to changed resources, or to one of these parameters.
///
/// `changes` are the differences between the resources of the deployed template and of `new`.
pub(super) fn add_indirect_changes(
    changes: &mut Vec<TemplateChange>,
    new: &Value,
    changed_parameters: &BTreeSet<String>,
) {
    let references = references(new);
    // A change can cascade, so this is repeated until it adds nothing.
    loop {
        let known: BTreeMap<&str, Certainty> = changes
            .iter()
            .filter_map(|change| Some((change.name.as_str(), certainty(&change.kind)?)))
            .collect();
        let mut effects: BTreeMap<String, Effect> = BTreeMap::new();
        for Reference { resource, resource_type, path, target, attribute } in &references {
            let Some(is_certain) = (match known.get(target) {
                Some(replaced) if attribute.is_some() || *replaced != Certainty::Kept => {
                    Some(*replaced == Certainty::Replaced)
                }
                Some(_) => None,
                None => (attribute.is_none() && changed_parameters.contains(*target)).then_some(true),
            }) else {
                continue;
            };
            let is_added =
                changes.iter().any(|change| change.name == *resource && change.kind == ChangeKind::Added);
            if is_added {
                continue;
            }
            let effect = effects.entry((*resource).to_owned()).or_default();
            let replaces = resource_type.is_some_and(|known| known.is_replaced_by(path));
            effect.is_certain |= is_certain;
            effect.replaces |= replaces && is_certain;
            effect.may_replace |= replaces;
            let cause =
                attribute.map_or_else(|| (*target).to_owned(), |attribute| format!("{target}.{attribute}"));
            effect.causes.insert(cause);
        }
        let before = changes.clone();
        for (name, effect) in effects {
            apply(changes, new, name, effect);
        }
        if *changes == before {
            break;
        }
    }
    changes.sort_by(|one, other| one.name.cmp(&other.name));
}

/// A reference of a resource to a parameter or to another resource.
struct Reference<'a> {
    resource: &'a str,
    resource_type: Option<&'static ResourceType>,
    /// The path of the property that contains it.
    path: String,
    target: &'a str,
    attribute: Option<&'a str>,
}

fn references(template: &Value) -> Vec<Reference<'_>> {
    let mut references = Vec::new();
    for (resource, definition) in template["Resources"].as_object().into_iter().flatten() {
        let resource_type = resource_type(definition["Type"].as_str().unwrap_or_default());
        visit("", &definition["Properties"], &mut |path, intrinsic| {
            let (target, attribute) = match intrinsic {
                Intrinsic::Name(target) => (target, None),
                Intrinsic::Attribute(target, attribute) => (target, Some(attribute)),
                Intrinsic::Unknown(_) => return,
            };
            let path = path.to_owned();
            references.push(Reference { resource, resource_type, path, target, attribute });
        });
    }
    references
}

/// Whether a changed resource keeps its identity.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Certainty {
    Kept,
    MayBeReplaced,
    Replaced,
}

/// Returns nothing for resources that are added or removed: nothing that exists refers to them.
fn certainty(kind: &ChangeKind) -> Option<Certainty> {
    match kind {
        ChangeKind::Added | ChangeKind::Removed => None,
        ChangeKind::Changed(_) | ChangeKind::MayChange => Some(Certainty::Kept),
        ChangeKind::MayBeReplaced(_) => Some(Certainty::MayBeReplaced),
        ChangeKind::Replaced(_) => Some(Certainty::Replaced),
    }
}

/// What the references of a resource do to it.
#[derive(Default)]
struct Effect {
    is_certain: bool,
    replaces: bool,
    may_replace: bool,
    causes: BTreeSet<String>,
}

/// Merges the effect of references into the changes.
fn apply(changes: &mut Vec<TemplateChange>, new: &Value, name: String, effect: Effect) {
    let causes = effect.causes.into_iter().collect();
    let index = changes.iter().position(|change| change.name == name).unwrap_or_else(|| {
        let resource_type = new["Resources"][&name]["Type"].as_str().unwrap_or_default().to_owned();
        changes.push(TemplateChange {
            section: "Resources",
            holds_data: holds_data(&resource_type),
            name,
            resource_type,
            kind: ChangeKind::MayChange,
            causes: Vec::new(),
        });
        changes.len() - 1
    });
    let change = &mut changes[index];
    change.causes = causes;
    let differences = match std::mem::replace(&mut change.kind, ChangeKind::MayChange) {
        kind @ (ChangeKind::Added | ChangeKind::Removed | ChangeKind::Replaced(_)) => {
            change.kind = kind;
            return;
        }
        ChangeKind::Changed(differences) | ChangeKind::MayBeReplaced(differences) => Some(differences),
        ChangeKind::MayChange => None,
    };
    change.kind = match differences {
        _ if effect.replaces => ChangeKind::Replaced(differences.unwrap_or_default()),
        _ if effect.may_replace => ChangeKind::MayBeReplaced(differences.unwrap_or_default()),
        Some(differences) => ChangeKind::Changed(differences),
        None if effect.is_certain => ChangeKind::Changed(Vec::new()),
        None => ChangeKind::MayChange,
    };
}

#[cfg(test)]
mod tests;
