//! A lock that a command holds while it works, and not while it waits for confirmation.

use anyhow::Result;
use stack::Environment;
use tokio::sync::Mutex;

use super::Lock;
use crate::artifact_bucket::ArtifactBucket;
use crate::connection::Connection;
use crate::consent::{Consent, require_confirmation};

/// The lock of an environment for one command.
pub struct LockGuard<'a> {
    environment: &'a Environment,
    connection: &'a Connection,
    bucket: ArtifactBucket,
    action: &'static str,
    lock: Mutex<Option<Lock>>,
}

impl<'a> LockGuard<'a> {
    /// Creates a guard without taking the lock.
    pub fn new(
        environment: &'a Environment,
        connection: &'a Connection,
        bucket: &ArtifactBucket,
        action: &'static str,
    ) -> Self {
        Self { environment, connection, bucket: bucket.clone(), action, lock: Mutex::new(None) }
    }

    /// Takes the lock, or returns an error that names the holder.
    pub async fn acquire(&self) -> Result<()> {
        let lock = Lock::acquire(&self.bucket, self.environment, self.connection, self.action).await?;
        *self.lock.lock().await = Some(lock);
        Ok(())
    }

    /// Releases the lock if it is held.
    pub async fn release(&self) {
        if let Some(lock) = self.lock.lock().await.take() {
            lock.release().await;
        }
    }

    /// Returns an error if this process no longer holds the lock.
    pub async fn ensure_held(&self) -> Result<()> {
        match &*self.lock.lock().await {
            Some(lock) => lock.ensure_held().await,
            None => Ok(()),
        }
    }

    /// Releases the lock, asks for confirmation, and takes the lock again.
    ///
    /// A person may take an hour to answer, and an urgent deployment, such as after a leaked key, must not wait for
    /// that. What was read before may have changed by the time this returns.
    pub async fn require_confirmation(&self, consent: Consent, question: &str) -> Result<()> {
        if consent != Consent::Ask {
            return Ok(());
        }
        self.release().await;
        require_confirmation(consent, question, &*self.connection.operator).await?;
        self.acquire().await
    }
}
