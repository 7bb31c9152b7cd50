//! Names of resources within their template.

use std::fmt;

use serde::Serialize;

/// The name of a resource within its template: letters and digits.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub(crate) struct LogicalId(String);

impl From<&str> for LogicalId {
    fn from(id: &str) -> Self {
        Self(id.to_owned())
    }
}

impl From<String> for LogicalId {
    fn from(id: String) -> Self {
        Self(id)
    }
}

impl fmt::Display for LogicalId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}
