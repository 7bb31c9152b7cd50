//! What a deployment would mean for those who call the API.

mod changes;

use serde::Serialize;
use serde_json::Value;

pub use self::changes::ContractChange;
use self::changes::contract_changes;

/// The API's contract, compared.
#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ContractReview {
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

    /// The differences, as far as they are known.
    pub fn changes(&self) -> &[ContractChange] {
        match self {
            Self::Changes(changes) => changes,
            Self::New | Self::Unknown => &[],
        }
    }
}
