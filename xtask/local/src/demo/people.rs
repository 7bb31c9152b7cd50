//! The people who have a role in the demo dataset.

use openapi::UserNodeId;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::identifiers::{FIRST_USER, fixed_node_id, fixed_uuid};

/// One user for each role that matters, lowest privilege last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DemoUsers {
    /// May do everything.
    pub owner: DemoUser,
    /// May restore.
    pub editor: DemoUser,
    /// May read.
    pub viewer: DemoUser,
    /// May not even read.
    pub guest: DemoUser,
}

/// A user as an access token names them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DemoUser {
    /// The row's id.
    pub id: i32,
    /// The user's node id.
    pub node_id: UserNodeId,
    /// The `username` claim of the user's access tokens.
    pub cognito_id: Uuid,
    /// The address by which the user signs in.
    pub email: String,
}

/// What a user may do, in the words and bits of the platform's tables.
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

    /// Everybody with their roles. A guest of a dataset is a guest of its organization too; the
    /// other members have the organization's usual permission (delete, which includes write).
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
