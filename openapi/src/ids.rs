//! Ids as types, so that one kind cannot be passed in place of another.

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! integer_id {
    ($(#[$documentation:meta])* $name:ident) => {
        $(#[$documentation])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub i32);

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(formatter)
            }
        }
    };
}

macro_rules! node_id {
    ($(#[$documentation:meta])* $name:ident) => {
        $(#[$documentation])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub String);

        impl $name {
            /// Returns the id as the database stores it.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(formatter)
            }
        }
    };
}

integer_id! {
    /// The id of an organization, which also names its database schema.
    OrganizationId
}
integer_id! {
    /// The id of a dataset within its organization.
    DatasetId
}
integer_id! {
    /// The id of a package (a file or a folder) within its organization.
    PackageId
}
integer_id! {
    /// The id of a user.
    UserId
}
node_id! {
    /// The node id of a dataset, `N:dataset:<uuid>`.
    DatasetNodeId
}
node_id! {
    /// The node id of a package, `N:package:<uuid>` or `N:collection:<uuid>`.
    PackageNodeId
}
node_id! {
    /// The node id of a user, `N:user:<uuid>`.
    UserNodeId
}

/// Returns whether the database can hold this text as a node id.
///
/// The column is a `varchar(255)`, and a text of PostgreSQL cannot contain NUL.
pub fn is_node_id(text: &str) -> bool {
    !text.is_empty() && text.len() <= 255 && !text.contains('\0')
}
