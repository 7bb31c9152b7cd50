//! Compares the API's contract before and after a deployment.

mod changes;

use serde::Serialize;
use serde_json::Value;

pub use self::changes::ContractChange;
use self::changes::contract_changes;

/// The result of comparing the API's contract.
#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ContractReview {
    /// The API is new and has no clients yet.
    New,
    /// One of the two contracts is unknown.
    ///
    /// The stack was not deployed by this tool, or the contract was deleted.
    Unknown,
    /// The differences.
    Changes(Vec<ContractChange>),
}

impl ContractReview {
    pub(super) fn compare(is_deployed: bool, old: Option<&Value>, new: Option<&Value>) -> Self {
        match (old, new) {
            _ if !is_deployed => Self::New,
            (Some(old), Some(new)) => Self::Changes(contract_changes(old, new)),
            _ => Self::Unknown,
        }
    }

    /// Returns the differences that are known.
    pub fn changes(&self) -> &[ContractChange] {
        match self {
            Self::Changes(changes) => changes,
            Self::New | Self::Unknown => &[],
        }
    }
}
