//! A lock as it is stored.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{Holder, LEASE};
use crate::artifact_bucket::StoredObject;

/// The content of a lock's object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub(super) enum Content {
    /// The lock is held, or has expired.
    Held(Holder),
    /// The lock was released by another process than its holder.
    Released(Release),
}

/// The release of a lock by another process than its holder.
///
/// It stays in place of the lock until the next process takes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Release {
    /// The ARN of the identity that released it.
    pub released_by: String,
    /// When it was released.
    pub released_at: DateTime<Utc>,
    /// Why it was released.
    pub reason: String,
    /// The holder, or `None` if it could not be read.
    pub holder: Option<Holder>,
}

impl Release {
    /// Describes the release on one line.
    pub(super) fn description(&self) -> String {
        let Self { released_by, released_at, reason, .. } = self;
        let time = released_at.format("%Y-%m-%d %H:%M:%S UTC");
        // A line break or an escape sequence must not reach the terminal of another person.
        format!("{released_by} released it at {time}: {}", reason.replace(char::is_control, " "))
    }
}

/// A lock as it is stored: held, expired or released.
pub(super) struct StoredLock {
    /// The content, or `None` if it could not be parsed.
    pub(super) content: Option<Content>,
    /// When the lock was written last.
    pub(super) written_at: DateTime<Utc>,
}

impl StoredLock {
    pub(super) fn new(stored: &StoredObject, now: DateTime<Utc>) -> Self {
        let content = serde_json::from_slice(&stored.bytes).ok();
        Self { content, written_at: stored.written_at.unwrap_or(now) }
    }

    /// Returns when the lock expires unless it is renewed.
    pub(super) fn free_at(&self) -> DateTime<Utc> {
        self.written_at + LEASE
    }

    /// Returns the holder, which may have ended.
    pub(super) fn holder(&self) -> Option<&Holder> {
        match &self.content {
            Some(Content::Held(holder)) => Some(holder),
            Some(Content::Released(_)) | None => None,
        }
    }

    /// Returns the release, if the lock was released by another process than its holder.
    pub(super) fn release(&self) -> Option<&Release> {
        match &self.content {
            Some(Content::Released(release)) => Some(release),
            Some(Content::Held(_)) | None => None,
        }
    }

    pub(super) fn is_held(&self, now: DateTime<Utc>) -> bool {
        self.release().is_none() && self.free_at() > now && !self.holder().is_some_and(Holder::is_dead)
    }
}
