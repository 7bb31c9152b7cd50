//! The functions of the system.

use serde::{Deserialize, Serialize};

/// A function of the system; its name is that of its binary.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Deserialize,
    Serialize,
    strum::Display,
    strum::IntoStaticStr,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum FunctionName {
    /// Responds to the requests of the API.
    Api,
    /// Processes the messages of the restore queue.
    Restore,
    /// Authorizes requests.
    Authorizer,
}

impl FunctionName {
    /// Every function.
    pub const ALL: [Self; 3] = [Self::Api, Self::Restore, Self::Authorizer];

    /// Returns the name, such as `api`.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}
