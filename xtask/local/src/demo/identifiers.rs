//! Ids that are the same on every start, so that a bookmarked request keeps working.
//!
//! The integers of organization, dataset, package and user come from far-apart ranges: code that
//! takes one for another finds nothing, instead of something that happens to be right.

use openapi::{DatasetId, OrganizationId};
use uuid::Uuid;

/// The demo organization, and so the name of its schema.
pub const ORGANIZATION: OrganizationId = OrganizationId(367);
/// The dataset that everything is in.
pub(super) const DATASET: DatasetId = DatasetId(1180);
/// Another dataset of the same organization, in which only the owner has a role.
pub(super) const OTHER_DATASET: DatasetId = DatasetId(1181);
/// The first of the packages.
pub(super) const FIRST_PACKAGE: i32 = 9001;
/// The first of the users.
pub(super) const FIRST_USER: i32 = 101;

/// The UUID that belongs to a name.
///
/// It has the form of a random one (version 4), which is what the platform's ids are.
pub(super) fn fixed_uuid(name: &str) -> Uuid {
    let hash = Uuid::new_v5(&Uuid::NAMESPACE_URL, format!("https://pennsieve.io/demo/{name}").as_bytes());
    uuid::Builder::from_random_bytes(hash.into_bytes()).into_uuid()
}

/// The node id that belongs to a name: `N:<kind>:<uuid>`.
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
