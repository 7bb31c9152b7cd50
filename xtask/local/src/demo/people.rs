//! The users with a role in the demo dataset.

use openapi::UserNodeId;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::identifiers::{FIRST_USER, fixed_node_id, fixed_uuid};

/// One user per relevant role, in decreasing order of privileges.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DemoUsers {
    /// Has all permissions.
    pub owner: DemoUser,
    /// Can restore.
    pub editor: DemoUser,
    /// Can read.
    pub viewer: DemoUser,
    /// Cannot read.
    pub guest: DemoUser,
}

/// A user with the data of an access token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DemoUser {
    /// Id of the row.
    pub id: i32,
    /// The user's node id.
    pub node_id: UserNodeId,
    /// The `username` claim of the user's access tokens.
    pub cognito_id: Uuid,
    /// The email address for signing in.
    pub email: String,
}

/// The permissions of a user, as roles and permission bits of the platform's tables.
pub(super) struct Membership<'a> {
    pub(super) user: &'a DemoUser,
    pub(super) dataset_role: &'static str,
    pub(super) dataset_permission: i32,
    pub(super) organization_permission: i32,
}

impl DemoUsers {
    pub(super) fn new() -> Self {
        let user = |offset: i32, role: &str| DemoUser {
            id: FIRST_USER + offset,
            node_id: UserNodeId(fixed_node_id("user", role)),
            cognito_id: fixed_uuid(&format!("cognito/{role}")),
            email: format!("{role}@example.org"),
        };
        Self {
            owner: user(0, "owner"),
            editor: user(1, "editor"),
            viewer: user(2, "viewer"),
            guest: user(3, "guest"),
        }
    }

    /// Returns all users with their roles.
    ///
    /// A guest of a dataset is a guest of its organization too. The other members have the usual permission in the
    /// organization (delete, which includes write).
    pub(super) fn memberships(&self) -> [Membership<'_>; 4] {
        let membership = |user, dataset_role, dataset_permission, organization_permission| Membership {
            user,
            dataset_role,
            dataset_permission,
            organization_permission,
        };
        [
            membership(&self.owner, "owner", 32, 32),
            membership(&self.editor, "editor", 8, 8),
            membership(&self.viewer, "viewer", 2, 8),
            membership(&self.guest, "guest", 1, 1),
        ]
    }
}
