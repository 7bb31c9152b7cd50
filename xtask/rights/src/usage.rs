//! The actions that each principal has used, to compare them with its rights.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use crate::identity::Principal;

/// An action of a principal, and what allowed it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Use {
    /// The name of the operator or of the deployed role that used it.
    pub identity: String,
    /// The statement that allowed it, or the resource on which nothing allowed it.
    pub statement: String,
    /// The action.
    pub action: String,
    /// Whether it was allowed.
    pub is_allowed: bool,
}

/// A use, and how often it occurred.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct UseCount {
    /// The use.
    #[serde(flatten)]
    pub used: Use,
    /// How often.
    pub count: u64,
}

/// The uses of a running stack.
#[derive(Debug, Default)]
pub(crate) struct Usage(Mutex<BTreeMap<Use, u64>>);

impl Usage {
    pub(crate) fn record(&self, principal: &Principal, action: &str, outcome: Result<&str, &str>) {
        let used = Use {
            identity: principal.identity().to_owned(),
            statement: outcome.unwrap_or_else(|resource| resource).to_owned(),
            action: action.to_owned(),
            is_allowed: outcome.is_ok(),
        };
        // Each change leaves the map consistent, so a panic in another thread does not matter.
        *self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(used).or_default() += 1;
    }

    pub(crate) fn counts(&self) -> Vec<UseCount> {
        let counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        counts.iter().map(|(used, count)| UseCount { used: used.clone(), count: *count }).collect()
    }
}
