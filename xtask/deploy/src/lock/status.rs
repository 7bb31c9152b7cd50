//! The state of an environment's lock, and its release by another process than its holder.

use anyhow::{Context, Result, bail};
use chrono::{DateTime, Utc};
use serde::Serialize;
use stack::Environment;

use super::stored::{Content, StoredLock};
use super::{Holder, Release, key};
use crate::artifact_bucket::{ArtifactBucket, Condition};
use crate::connection::Connection;
use crate::consent::{Consent, require_confirmation};

/// How often a release is written again because the holder has renewed the lock meanwhile.
const ATTEMPTS: usize = 5;

/// The state of an environment's lock.
#[derive(Debug, Serialize)]
pub struct LockStatus {
    /// The name of the environment.
    pub environment: String,
    /// Whether a process holds the lock.
    pub is_held: bool,
    /// The holder, or the last one if the lock has expired.
    pub holder: Option<Holder>,
    /// When the lock was renewed last.
    pub renewed_at: Option<DateTime<Utc>>,
    /// When it expires unless it is renewed, or when it has expired.
    pub expires_at: Option<DateTime<Utc>>,
    /// The release of the lock, if the last holder did not release it itself and no other process has taken it since.
    pub release: Option<Release>,
}

impl LockStatus {
    /// Reads the state of an environment's lock.
    pub async fn read(environment: &Environment, connection: &Connection) -> Result<Self> {
        let bucket = ArtifactBucket::new(environment, connection);
        let stored = bucket.read(&key(environment)).await?;
        let environment = environment.name.to_string();
        let Some(stored) = stored else {
            return Ok(Self {
                environment,
                is_held: false,
                holder: None,
                renewed_at: None,
                expires_at: None,
                release: None,
            });
        };
        let now = bucket.now()?;
        let lock = StoredLock::new(&stored, now);
        let is_released = lock.release().is_some();
        Ok(Self {
            environment,
            is_held: lock.is_held(now),
            holder: lock.holder().cloned(),
            renewed_at: (!is_released).then_some(lock.written_at),
            expires_at: (!is_released).then_some(lock.free_at()),
            release: lock.release().cloned(),
        })
    }
}

/// Releases the lock of another process after confirmation.
///
/// What replaces the lock names who released it and why. The holder finds it at the next renewal, or before it
/// executes something, and stops; the next process finds it when it takes the lock. `show` gets the state of the lock
/// before it has to be confirmed. Returns `None` if the lock is not held.
pub async fn release(
    environment: &Environment,
    connection: &Connection,
    reason: &str,
    consent: Consent,
    show: impl Fn(&LockStatus) -> Result<()>,
) -> Result<Option<Release>> {
    let status = LockStatus::read(environment, connection).await?;
    show(&status)?;
    if !status.is_held {
        return Ok(None);
    }
    let name = &environment.name;
    let question = format!(
        "Release the lock of {name}? Its holder stops before its next step; what it has started on AWS continues."
    );
    require_confirmation(consent, &question, &*connection.operator).await?;
    let bucket = ArtifactBucket::new(environment, connection);
    let key = key(environment);
    for _ in 0..ATTEMPTS {
        let stored = bucket.read(&key).await?;
        let stored = stored.with_context(|| has_changed(environment))?;
        let now = bucket.now()?;
        let lock = StoredLock::new(&stored, now);
        let is_same = match (lock.holder(), &status.holder) {
            (Some(holder), Some(shown)) => shown.is_same(holder),
            (None, None) => lock.release().is_none(),
            _ => false,
        };
        if !is_same {
            bail!(has_changed(environment));
        }
        let release = Release {
            released_by: connection.caller.clone(),
            released_at: now,
            reason: reason.to_owned(),
            holder: lock.holder().cloned(),
        };
        let bytes = serde_json::to_vec_pretty(&Content::Released(release.clone()))?;
        let written = bucket.write(&key, bytes, Condition::Unchanged(&stored.revision)).await?;
        if written.is_some() || is_released(&bucket, &key, &release).await? {
            return Ok(Some(release));
        }
    }
    bail!("could not release the lock of {name}, because its holder renews it; run the command again")
}

/// Returns whether a release is stored although its write was not confirmed.
async fn is_released(bucket: &ArtifactBucket, key: &str, release: &Release) -> Result<bool> {
    let Some(stored) = bucket.read(key).await? else { return Ok(false) };
    Ok(StoredLock::new(&stored, release.released_at).release() == Some(release))
}

fn has_changed(environment: &Environment) -> String {
    format!(
        "the lock of {} has another holder than the one shown, or none; nothing was released; run the command again",
        environment.name
    )
}

#[cfg(test)]
mod tests;
