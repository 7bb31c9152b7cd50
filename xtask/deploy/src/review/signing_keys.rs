//! Changes to the signing keys that are trusted and used.

use std::collections::BTreeSet;

use serde::Serialize;
use stack::{DeployedTemplate, Fingerprint};

/// Changes to the signing keys.
#[derive(Serialize)]
pub struct KeyChanges {
    /// Keys that would become trusted.
    pub added: BTreeSet<Fingerprint>,
    /// Keys that would no longer be trusted.
    pub removed: BTreeSet<Fingerprint>,
    /// The new key used for signing, if it changes.
    pub signs: Option<Fingerprint>,
}

impl KeyChanges {
    pub(super) fn between(old: Option<&DeployedTemplate>, new: &DeployedTemplate) -> Self {
        let trusted = old.map(DeployedTemplate::trusted).unwrap_or_default();
        let active = old.and_then(DeployedTemplate::active);
        Self {
            added: new.trusted().difference(&trusted).cloned().collect(),
            removed: trusted.difference(&new.trusted()).cloned().collect(),
            signs: new.active().filter(|new| Some(new) != active.as_ref()),
        }
    }

    /// Returns whether nothing changes.
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty() && self.signs.is_none()
    }
}
