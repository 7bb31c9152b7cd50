//! Ids as types, so that one kind can never be passed for another.

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
            /// The id as it stands in the database.
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
    /// An organization; its database schema is named by this integer.
    OrganizationId
}
integer_id! {
    /// A dataset within its organization.
    DatasetId
}
integer_id! {
    /// A package (file or folder) within its organization.
    PackageId
}
node_id! {
    /// A dataset, `N:dataset:<uuid>`.
    DatasetNodeId
}
node_id! {
    /// A package, `N:package:<uuid>`, or a folder, `N:collection:<uuid>`.
    PackageNodeId
}
node_id! {
    /// A user, `N:user:<uuid>`.
    UserNodeId
}
