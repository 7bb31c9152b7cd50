//! The rights that no test uses, and why they are held.

use std::collections::BTreeSet;

use anyhow::{Context, Result};
use machine::repository;
use rights::identity::Operator;
use rights::{Right, RightsReport};
use serde::Deserialize;

const PATH: &str = "stack/unused-rights.toml";

/// The content of `stack/unused-rights.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct UnusedRights {
    unused: Vec<Unused>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Unused {
    identities: BTreeSet<String>,
    statement: String,
    actions: BTreeSet<String>,
    /// Read by people.
    #[serde(rename = "reason")]
    _reason: String,
}

impl UnusedRights {
    pub(super) fn read() -> Result<Self> {
        let path = repository::root().join(PATH);
        let text =
            std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        toml::from_str(&text).with_context(|| format!("{PATH} is malformed"))
    }

    /// Returns what the list and the uses do not agree on.
    pub(super) fn problems(&self, report: &RightsReport) -> Vec<String> {
        let listed: BTreeSet<Right> = self.unused.iter().flat_map(Unused::rights).collect();
        let counts = report.counts();
        let mut problems = Vec::new();
        for (right, count) in &counts {
            let Right { identity, statement, action } = right;
            // Reviewers hold a part of the deployers' policies, and need what deployers use of it.
            let of_deployer = Right { identity: Operator::Deployer.name().to_owned(), ..(*right).clone() };
            let is_review = identity == Operator::Reviewer.name();
            let of_deployer = counts.get(&of_deployer).filter(|_| is_review).copied().unwrap_or_default();
            match (count + of_deployer, listed.contains(right)) {
                (0, false) => problems.push(format!(
                    "{identity}: {action} of {statement} was not used; remove it, test what needs it, or list it in {PATH}"
                )),
                (1.., true) => problems.push(format!(
                    "{identity}: {action} of {statement} was used; remove it from {PATH}"
                )),
                _ => {}
            }
        }
        for Right { identity, statement, action } in listed.difference(&report.held) {
            problems.push(format!("{identity}: {action} of {statement} is not held; remove it from {PATH}"));
        }
        problems
    }
}

impl Unused {
    fn rights(&self) -> impl Iterator<Item = Right> {
        self.identities.iter().flat_map(|identity| {
            self.actions.iter().map(|action| Right {
                identity: identity.clone(),
                statement: self.statement.clone(),
                action: action.clone(),
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn report(count: u64) -> RightsReport {
        let right = json!({ "identity": "api", "statement": "Read", "action": "s3:GetObject" });
        let used = json!({
            "identity": "api", "statement": "Read", "action": "s3:GetObject", "is_allowed": true, "count": count,
        });
        serde_json::from_value(json!({ "held": [right], "uses": [used] })).unwrap()
    }

    fn listed(actions: &[&str]) -> UnusedRights {
        let actions = actions.iter().map(|action| (*action).to_owned()).collect();
        let (statement, reason) = ("Read".to_owned(), "a reason".to_owned());
        UnusedRights {
            unused: vec![Unused {
                identities: ["api".to_owned()].into(),
                statement,
                actions,
                _reason: reason,
            }],
        }
    }

    #[test]
    fn right_is_used_or_listed() {
        assert_eq!(listed(&[]).problems(&report(1)), [""; 0]);
        assert_eq!(listed(&["s3:GetObject"]).problems(&report(0)), [""; 0]);
    }

    #[test]
    fn unused_right_is_a_problem() {
        let problems = listed(&[]).problems(&report(0));
        assert!(problems[0].starts_with("api: s3:GetObject of Read was not used"), "{problems:?}");
    }

    #[test]
    fn listed_right_that_is_used_or_not_held_is_a_problem() {
        let problems = listed(&["s3:GetObject", "s3:PutObject"]).problems(&report(1));
        assert!(problems[0].starts_with("api: s3:GetObject of Read was used"), "{problems:?}");
        assert!(problems[1].starts_with("api: s3:PutObject of Read is not held"), "{problems:?}");
    }
}
