//! Ids that are the same on every start, so that bookmarked requests keep working.
//!
//! The integer ids of organizations, datasets, packages and users come from distant ranges. Code that confuses two
//! kinds of ids finds nothing, instead of an entity that is correct by accident.

use openapi::{DatasetId, OrganizationId};
use uuid::Uuid;

/// The id of the demo organization, which is also the name of its schema.
pub const ORGANIZATION: OrganizationId = OrganizationId(367);
/// The dataset that contains the demo data.
pub(super) const DATASET: DatasetId = DatasetId(1180);
/// Another dataset of the same organization, in which only the owner has a role.
pub(super) const OTHER_DATASET: DatasetId = DatasetId(1181);
/// The id of the first package.
pub(super) const FIRST_PACKAGE: i32 = 9001;
/// The id of the first user.
pub(super) const FIRST_USER: i32 = 101;

/// Returns the UUID for a name.
///
/// It has the form of a random UUID (version 4), like the ids of the platform.
pub(super) fn fixed_uuid(name: &str) -> Uuid {
    let hash = Uuid::new_v5(&Uuid::NAMESPACE_URL, format!("https://pennsieve.io/demo/{name}").as_bytes());
    uuid::Builder::from_random_bytes(hash.into_bytes()).into_uuid()
}

/// Returns the node id for a name: `N:<kind>:<uuid>`.
pub(super) fn fixed_node_id(kind: &str, name: &str) -> String {
    format!("N:{kind}:{}", fixed_uuid(&format!("{kind}/{name}")))
}

#[cfg(test)]
mod tests {
    use super::{fixed_node_id, fixed_uuid};

    #[test]
    fn ids_follow_from_names_and_look_like_the_platforms() {
        assert_eq!(fixed_uuid("a"), fixed_uuid("a"));
        assert_ne!(fixed_uuid("a"), fixed_uuid("b"));
        assert_eq!(fixed_uuid("a").get_version_num(), 4);
        let id = fixed_node_id("package", "9001");
        assert_ne!(id, fixed_node_id("collection", "9001"));
        assert_eq!(id.len(), "N:package:".len() + 36);
    }
}
