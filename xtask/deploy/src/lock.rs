//! A lock that allows one deployment of an environment at a time.
//!
//! The lock is an object in S3 that is created with a conditional write. Its holder renews it. If the process dies,
//! the lock expires, and a process on the same machine that sees that the holder is gone can take it at once.
//! A person can release it too: a record of who and why replaces the lock, and its holder finds it and stops.
//!
//! A response can be lost, and a retried conditional write is then rejected although the first attempt succeeded.
//! Therefore, when a response does not confirm a write, the lock is read back and its content decides.

mod guard;
mod holder;
mod rejection;
mod status;
mod stored;
mod waiting;

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use stack::Environment;
use tokio::sync::Mutex;
use tokio::task::JoinHandle;
use tokio::time::timeout;

pub use self::guard::LockGuard;
pub use self::holder::Holder;
pub use self::rejection::Rejection;
pub use self::status::{LockStatus, release};
pub use self::stored::Release;
use self::stored::{Content, StoredLock};
use crate::artifact_bucket::{ArtifactBucket, Condition, Revision, StoredObject};
use crate::connection::Connection;
use crate::operator::Operator;

/// The time after which a lock that was not renewed expires.
const LEASE: Duration = Duration::from_secs(90);
const RENEWAL: Duration = Duration::from_secs(30);
/// The pause after a failed renewal.
///
/// With the time limit of a request, several retries fit into the rest of the lease.
const RETRY: Duration = Duration::from_secs(5);
const RELEASE_LIMIT: Duration = Duration::from_secs(10);

/// A lock on an environment, held by this process.
pub struct Lock {
    bucket: ArtifactBucket,
    key: String,
    held: Arc<Mutex<Held>>,
    renewal: JoinHandle<()>,
    operator: Arc<dyn Operator>,
}

/// The result of an attempt to take a lock.
pub enum Attempt {
    /// The lock was acquired.
    Acquired(Lock),
    /// Another process holds the lock.
    Rejected(Rejection),
}

impl Lock {
    /// Takes the lock, or returns a rejection that names the holder.
    pub async fn attempt(
        bucket: &ArtifactBucket,
        environment: &Environment,
        connection: &Connection,
        action: &str,
    ) -> Result<Attempt> {
        let key = key(environment);
        let taken = bucket.read(&key).await?;
        let now = bucket.now()?;
        let holder = Holder::this_process(connection, action, now);
        let condition = match &taken {
            None => Condition::Absent,
            Some(taken) => {
                let state = StoredLock::new(taken, now);
                if state.is_held(now) {
                    return Ok(Attempt::Rejected(Rejection::held(environment, &state)));
                }
                if let Some(release) = state.release() {
                    let name = &environment.name;
                    let description = release.description();
                    connection.operator.warn(&anyhow!(
                        "the last holder of the lock of {name} may have stopped in the middle: {description}"
                    ));
                }
                Condition::Unchanged(&taken.revision)
            }
        };
        let Some(revision) = Held::acquire(bucket, &key, &holder, condition).await? else {
            return Ok(Attempt::Rejected(Rejection::overtaken(environment)));
        };
        let held = Arc::new(Mutex::new(Held { holder, revision }));
        let operator = Arc::clone(&connection.operator);
        let renewals = renew_periodically(
            bucket.without_retries(),
            key.clone(),
            Arc::clone(&held),
            Arc::clone(&operator),
        );
        let renewal = tokio::spawn(renewals);
        Ok(Attempt::Acquired(Self { bucket: bucket.clone(), key, held, renewal, operator }))
    }

    /// Renews the lock, and returns an error if this process no longer holds it.
    ///
    /// A machine that was suspended has not renewed the lock, and what was read under it may have changed.
    pub async fn ensure_held(&self) -> Result<()> {
        let renewed = self.held.lock().await.renew(&self.bucket, &self.key).await;
        let renewed = renewed
            .context("could not confirm that this process still holds the lock; nothing was executed")?;
        match renewed {
            Renewal::Done => Ok(()),
            Renewal::Missed => bail!("could not renew the lock; nothing was executed; run the command again"),
            Renewal::Lost(other) => {
                let other = description_of_loss(other.as_ref());
                bail!("this process lost the lock: {other}; nothing was executed; run the command again")
            }
        }
    }

    /// Releases the lock.
    pub async fn release(self) {
        self.renewal.abort();
        let deletion = async {
            let held = self.held.lock().await;
            if self.bucket.delete(&self.key, &held.revision).await.is_ok() {
                return Ok(());
            }
            // A renewal that was just aborted may have succeeded, and so may a deletion whose response was lost.
            match self.bucket.read(&self.key).await? {
                Some(stored) if held.is_in(&stored) => self.bucket.delete(&self.key, &stored.revision).await,
                _ => Ok(()),
            }
        };
        // After Ctrl-C because of an unresponsive service, the user must not wait long for this too.
        if !matches!(timeout(RELEASE_LIMIT, deletion).await, Ok(Ok(()))) {
            let seconds = LEASE.as_secs();
            self.operator.note(&format!("  could not release the lock; it expires after {seconds} s"));
        }
    }
}

/// Returns the holder of an environment's lock, if it is held.
pub async fn holder(bucket: &ArtifactBucket, environment: &Environment) -> Result<Option<Holder>> {
    let Some(taken) = bucket.read(&key(environment)).await? else { return Ok(None) };
    let now = bucket.now()?;
    let taken = StoredLock::new(&taken, now);
    Ok(taken.holder().filter(|_| taken.is_held(now)).cloned())
}

/// Returns an error that names the holder if the lock of an environment is held.
pub async fn ensure_free(bucket: &ArtifactBucket, environment: &Environment) -> Result<()> {
    let Some(stored) = bucket.read(&key(environment)).await? else { return Ok(()) };
    let now = bucket.now()?;
    let taken = StoredLock::new(&stored, now);
    if taken.is_held(now) {
        bail!(Rejection::held(environment, &taken));
    }
    Ok(())
}

/// The last known state of a lock that this process holds.
struct Held {
    holder: Holder,
    revision: Revision,
}

/// The result of a renewal.
#[derive(Debug)]
enum Renewal {
    Done,
    /// The lock is still held, but was not renewed.
    Missed,
    /// Another process has taken or released the lock, or it was deleted.
    Lost(Option<Content>),
}

impl Held {
    /// Writes a lock that is free. Returns `None` if another process was faster.
    async fn acquire(
        bucket: &ArtifactBucket,
        key: &str,
        holder: &Holder,
        condition: Condition<'_>,
    ) -> Result<Option<Revision>> {
        let written = bucket.write(key, serde_json::to_vec_pretty(holder)?, condition).await;
        if let Ok(Some(revision)) = written {
            return Ok(Some(revision));
        }
        let stored = bucket.read(key).await?;
        match stored.filter(|stored| serde_json::from_slice(&stored.bytes).ok().as_ref() == Some(holder)) {
            Some(stored) => Ok(Some(stored.revision)),
            None => written,
        }
    }

    /// Renews the lock. If it returns an error, the result of the renewal is unknown.
    async fn renew(&mut self, bucket: &ArtifactBucket, key: &str) -> Result<Renewal> {
        let next = self.holder.renewed();
        let bytes = serde_json::to_vec_pretty(&next)?;
        if let Ok(Some(revision)) = bucket.write(key, bytes, Condition::Unchanged(&self.revision)).await {
            *self = Self { holder: next, revision };
            return Ok(Renewal::Done);
        }
        let stored = bucket.read(key).await?;
        let found = stored.as_ref().and_then(|stored| serde_json::from_slice(&stored.bytes).ok());
        match (stored, found) {
            (Some(stored), Some(Content::Held(found))) if self.holder.is_same(&found) => {
                let renewal = if found == next { Renewal::Done } else { Renewal::Missed };
                *self = Self { holder: found, revision: stored.revision };
                Ok(renewal)
            }
            (_, other) => Ok(Renewal::Lost(other)),
        }
    }

    fn is_in(&self, stored: &StoredObject) -> bool {
        serde_json::from_slice(&stored.bytes).is_ok_and(|found| self.holder.is_same(&found))
    }
}

fn key(environment: &Environment) -> String {
    format!("{}/locks/{}.json", environment.service, environment.name)
}

/// Renews a lock periodically until it is lost.
async fn renew_periodically(
    bucket: ArtifactBucket,
    key: String,
    held: Arc<Mutex<Held>>,
    operator: Arc<dyn Operator>,
) {
    let mut pause = RENEWAL;
    loop {
        tokio::time::sleep(pause).await;
        pause = match held.lock().await.renew(&bucket, &key).await {
            Ok(Renewal::Done) => RENEWAL,
            Ok(Renewal::Missed) | Err(_) => RETRY,
            Ok(Renewal::Lost(other)) => {
                let other = description_of_loss(other.as_ref());
                operator.warn(&anyhow!("this process lost the lock: {other}; nothing more is executed"));
                return;
            }
        };
    }
}

/// Says why a process no longer holds its lock, given what is stored in its place.
fn description_of_loss(content: Option<&Content>) -> String {
    match content {
        Some(Content::Held(holder)) => format!("{} has it for `{}`", holder.by, holder.action),
        Some(Content::Released(release)) => release.description(),
        None => "another deployment may have run".to_owned(),
    }
}

#[cfg(test)]
mod tests;
