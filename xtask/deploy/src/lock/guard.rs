//! A lock that a command holds while it works, and not while it waits for confirmation.

use std::time::Duration;

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
    /// How long to wait while another process holds the lock.
    wait: Duration,
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
        let lock = Mutex::new(None);
        Self { environment, connection, bucket: bucket.clone(), action, wait: Duration::ZERO, lock }
    }

    /// Sets how long to wait while another process holds the lock, each time that it is taken.
    #[must_use]
    pub fn waiting_up_to(self, wait: Duration) -> Self {
        Self { wait, ..self }
    }

    /// Takes the lock, or returns an error that names the holder.
    pub async fn acquire(&self) -> Result<()> {
        let Self { wait, bucket, environment, connection, action, .. } = self;
        let lock = Lock::acquire_within(*wait, bucket, environment, connection, action).await?;
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
