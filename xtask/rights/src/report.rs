//! The rights of all identities, compared with their uses.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::usage::{Use, UseCount};

/// An action that a statement allows.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Right {
    /// The operator or the role.
    pub identity: String,
    /// The statement.
    pub statement: String,
    /// The action.
    pub action: String,
}

/// The rights of a stack, or of several, with their uses.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RightsReport {
    /// What policies allow.
    pub held: BTreeSet<Right>,
    /// The allowed and rejected actions.
    pub uses: Vec<UseCount>,
}

impl RightsReport {
    /// Adds the rights and uses of another stack.
    pub fn add(&mut self, other: Self) {
        self.held.extend(other.held);
        self.uses.extend(other.uses);
    }

    /// Returns each right with the number of its uses.
    pub fn counts(&self) -> BTreeMap<&Right, u64> {
        let mut counts: BTreeMap<&Right, u64> = self.held.iter().map(|right| (right, 0)).collect();
        for UseCount { used, count } in self.uses.iter().filter(|use_count| use_count.used.is_allowed) {
            let Use { identity, statement, action, .. } = used;
            let right =
                Right { identity: identity.clone(), statement: statement.clone(), action: action.clone() };
            if let Some(total) = counts.get_mut(&right) {
                *total += count;
            }
        }
        counts
    }

    /// Returns the rejected actions, each with its count.
    pub fn refusals(&self) -> BTreeMap<&Use, u64> {
        let mut refusals = BTreeMap::new();
        for UseCount { used, count } in self.uses.iter().filter(|use_count| !use_count.used.is_allowed) {
            *refusals.entry(used).or_default() += count;
        }
        refusals
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn right(action: &str) -> Right {
        Right { identity: "deployer".to_owned(), statement: "Some".to_owned(), action: action.to_owned() }
    }

    fn report(count: u64) -> RightsReport {
        let used = Use {
            identity: "deployer".to_owned(),
            statement: "Some".to_owned(),
            action: "s3:GetObject".to_owned(),
            is_allowed: true,
        };
        let refused = Use { statement: "arn:aws:s3:::b".to_owned(), is_allowed: false, ..used.clone() };
        RightsReport {
            held: [right("s3:GetObject"), right("s3:PutObject")].into(),
            uses: vec![UseCount { used, count }, UseCount { used: refused, count }],
        }
    }

    #[test]
    fn uses_of_all_stacks_are_added() {
        let mut all = report(2);
        all.add(report(3));
        assert_eq!(all.counts().into_values().collect::<Vec<_>>(), [5, 0]);
        assert_eq!(all.refusals().into_values().collect::<Vec<_>>(), [5]);
    }
}
