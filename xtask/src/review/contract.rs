//! What a deployment would mean for those who call the API.

mod changes;

use serde::Serialize;
use serde_json::Value;

use self::changes::{ContractChange, contract_changes};

/// The API's contract, compared.
#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum ContractReview {
    /// Nobody calls it yet.
    New,
    /// One of the two is not known: what is deployed was not deployed by this tool, or the contract was deleted.
    Unknown,
    /// These are the differences.
    Changes(Vec<ContractChange>),
}

impl ContractReview {
    pub(super) fn of(is_deployed: bool, old: Option<&Value>, new: Option<&Value>) -> Self {
        match (old, new) {
            _ if !is_deployed => Self::New,
            (Some(old), Some(new)) => Self::Changes(contract_changes(old, new)),
            _ => Self::Unknown,
        }
    }

    pub(super) fn changes(&self) -> &[ContractChange] {
        match self {
            Self::Changes(changes) => changes,
            Self::New | Self::Unknown => &[],
        }
    }
}
