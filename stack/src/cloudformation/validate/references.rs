//! References: each one resolves, and they form no cycle.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::problem::Problem;
use crate::cloudformation::reference::{Intrinsic, visit};

const PSEUDO_PARAMETERS: &[&str] = &["AWS::AccountId", "AWS::Partition", "AWS::Region"];

/// Returns what is wrong with the references of a template's resources and outputs.
pub(crate) fn problems(template: &Value) -> Vec<Problem> {
    let ids = |section: &str| -> BTreeSet<&str> {
        template[section].as_object().into_iter().flatten().map(|(id, _)| id.as_str()).collect()
    };
    let (resources, parameters) = (ids("Resources"), ids("Parameters"));

    let mut problems: Vec<Problem> = resources
        .union(&parameters)
        .filter(|id| {
            id.is_empty() || id.len() > 255 || !id.chars().all(|letter| letter.is_ascii_alphanumeric())
        })
        .map(|id| Problem::MalformedId { id: (*id).to_owned() })
        .collect();

    let mut used: BTreeSet<&str> = BTreeSet::new();
    let mut edges: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for section in ["Resources", "Outputs"] {
        for (id, entry) in template[section].as_object().into_iter().flatten() {
            let mut references: Vec<(&str, bool)> = Vec::new();
            visit("", entry, &mut |_, intrinsic| match intrinsic {
                Intrinsic::Name(target) => references.push((target, false)),
                Intrinsic::Attribute(target, _) => references.push((target, true)),
                Intrinsic::Unknown(function) => problems
                    .push(Problem::UnknownFunction { place: id.clone(), function: function.to_owned() }),
            });
            let dependencies = entry["DependsOn"].as_array().into_iter().flatten().filter_map(Value::as_str);
            references.extend(dependencies.map(|target| (target, true)));
            // `Fn::GetAtt` and `DependsOn` accept resources only.
            for (target, needs_resource) in references {
                let known = resources.contains(target)
                    || (!needs_resource
                        && (parameters.contains(target) || PSEUDO_PARAMETERS.contains(&target)));
                if !known {
                    problems.push(Problem::Dangling { place: id.clone(), target: target.to_owned() });
                }
                used.insert(target);
                if section == "Resources" {
                    edges.entry(id).or_default().insert(target);
                }
            }
        }
    }
    problems.extend(
        parameters
            .iter()
            .filter(|id| !used.contains(*id))
            .map(|id| Problem::UnusedParameter { id: (*id).to_owned() }),
    );
    problems.extend(cycle(&edges).map(|ids| Problem::Cycle { ids }));
    problems
}

/// Returns a cycle of resources, if there is one. A resource that refers to nothing in the remaining graph is in no cycle.
fn cycle(edges: &BTreeMap<&str, BTreeSet<&str>>) -> Option<Vec<String>> {
    let mut remaining: BTreeSet<&str> = edges.keys().copied().collect();
    loop {
        let next: BTreeSet<&str> = remaining
            .iter()
            .copied()
            .filter(|id| edges[id].iter().any(|target| remaining.contains(target)))
            .collect();
        if next.len() == remaining.len() {
            break;
        }
        remaining = next;
    }
    let mut ids = vec![(*remaining.first()?).to_owned()];
    loop {
        let target = edges[ids.last()?.as_str()].iter().find(|target| remaining.contains(*target))?;
        if let Some(start) = ids.iter().position(|id| id == target) {
            ids.drain(..start);
            ids.push((*target).to_owned());
            return Some(ids);
        }
        ids.push((*target).to_owned());
    }
}
