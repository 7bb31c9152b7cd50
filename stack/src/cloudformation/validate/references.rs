//! References: each one resolves, and they form no cycle.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::problem::Problem;

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

    let mut used: BTreeSet<String> = BTreeSet::new();
    let mut edges: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for section in ["Resources", "Outputs"] {
        for (id, entry) in template[section].as_object().into_iter().flatten() {
            let mut walk = Walk { place: id, references: Vec::new(), problems: &mut problems };
            walk.value(entry);
            for dependency in entry["DependsOn"].as_array().into_iter().flatten() {
                walk.resource(dependency.as_str());
            }
            for Reference { target, needs_resource } in walk.references {
                let known = resources.contains(target.as_str())
                    || (!needs_resource
                        && (parameters.contains(target.as_str())
                            || PSEUDO_PARAMETERS.contains(&target.as_str())));
                if !known {
                    problems.push(Problem::Dangling { place: id.clone(), target: target.clone() });
                }
                used.insert(target.clone());
                if section == "Resources" {
                    edges.entry(id).or_default().insert(target);
                }
            }
        }
    }
    problems.extend(
        parameters
            .iter()
            .filter(|id| !used.contains(**id))
            .map(|id| Problem::UnusedParameter { id: (*id).to_owned() }),
    );
    problems.extend(cycle(&edges).map(|ids| Problem::Cycle { ids }));
    problems
}

struct Reference {
    target: String,
    /// `Fn::GetAtt` and `DependsOn` accept resources only.
    needs_resource: bool,
}

/// Collects the references within one resource or output.
struct Walk<'a> {
    place: &'a str,
    references: Vec<Reference>,
    problems: &'a mut Vec<Problem>,
}

impl Walk<'_> {
    fn value(&mut self, value: &Value) {
        match value {
            Value::Array(values) => values.iter().for_each(|value| self.value(value)),
            Value::Object(object) => {
                for (name, value) in object {
                    match name.as_str() {
                        "Ref" => self.name(value.as_str(), "Ref"),
                        "Fn::GetAtt" => self.resource(value[0].as_str()),
                        "Fn::Sub" => self.substitution(value.as_str()),
                        _ if name.starts_with("Fn::") => self.unknown(name),
                        _ => self.value(value),
                    }
                }
            }
            _ => {}
        }
    }

    fn name(&mut self, target: Option<&str>, function: &str) {
        match target {
            Some(target) => {
                self.references.push(Reference { target: target.to_owned(), needs_resource: false });
            }
            None => self.unknown(function),
        }
    }

    fn resource(&mut self, target: Option<&str>) {
        match target {
            Some(target) => {
                self.references.push(Reference { target: target.to_owned(), needs_resource: true });
            }
            None => self.unknown("Fn::GetAtt"),
        }
    }

    fn substitution(&mut self, text: Option<&str>) {
        let Some(text) = text else { return self.unknown("Fn::Sub") };
        for placeholder in text.split("${").skip(1) {
            match placeholder.split_once('}') {
                Some((literal, _)) if literal.starts_with('!') => {}
                Some((name, _)) => match name.split_once('.') {
                    Some((id, _)) => self.resource(Some(id)),
                    None => self.name(Some(name), "Fn::Sub"),
                },
                None => self.unknown("Fn::Sub"),
            }
        }
    }

    fn unknown(&mut self, function: &str) {
        self.problems
            .push(Problem::UnknownFunction { place: self.place.to_owned(), function: function.to_owned() });
    }
}

/// Returns a cycle of resources, if there is one. A resource that refers to nothing in the remaining graph is in no cycle.
fn cycle(edges: &BTreeMap<&str, BTreeSet<String>>) -> Option<Vec<String>> {
    let mut remaining: BTreeSet<&str> = edges.keys().copied().collect();
    loop {
        let next: BTreeSet<&str> = remaining
            .iter()
            .copied()
            .filter(|id| edges[id].iter().any(|target| remaining.contains(target.as_str())))
            .collect();
        if next.len() == remaining.len() {
            break;
        }
        remaining = next;
    }
    let mut ids = vec![(*remaining.first()?).to_owned()];
    loop {
        let target = edges[ids.last()?.as_str()].iter().find(|target| remaining.contains(target.as_str()))?;
        if let Some(start) = ids.iter().position(|id| id == target) {
            ids.drain(..start);
            ids.push(target.clone());
            return Some(ids);
        }
        ids.push(target.clone());
    }
}
