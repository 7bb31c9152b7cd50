//! Which signing keys would be trusted and used.

use std::collections::BTreeSet;

use serde::Serialize;
use stack::{DeployedTemplate, Fingerprint};

/// How the keys would change.
#[derive(Serialize)]
pub struct KeyChanges {
    /// Trusted from then on.
    pub added: BTreeSet<Fingerprint>,
    /// Trusted no more.
    pub removed: BTreeSet<Fingerprint>,
    /// The key that signs from then on, where it is another one.
    pub signs: Option<Fingerprint>,
}

impl KeyChanges {
    pub(super) fn of(old: Option<&DeployedTemplate>, new: &DeployedTemplate) -> Self {
        let trusted = old.map(DeployedTemplate::trusted).unwrap_or_default();
        let active = old.and_then(DeployedTemplate::active);
        Self {
            added: new.trusted().difference(&trusted).cloned().collect(),
            removed: trusted.difference(&new.trusted()).cloned().collect(),
            signs: new.active().filter(|new| Some(new) != active.as_ref()),
        }
    }

    /// Whether nothing changes.
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty() && self.signs.is_none()
    }
}
