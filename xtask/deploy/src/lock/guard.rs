//! The lock as a command holds it: while it works, and never while it asks somebody.

use anyhow::Result;
use stack::Environment;
use tokio::sync::Mutex;

use super::Lock;
use crate::artifact_bucket::ArtifactBucket;
use crate::connection::Connection;
use crate::consent::{Consent, agree};

/// The lock of an environment for one command.
pub struct LockGuard<'a> {
    environment: &'a Environment,
    connection: &'a Connection,
    bucket: ArtifactBucket,
    action: &'static str,
    lock: Mutex<Option<Lock>>,
}

impl<'a> LockGuard<'a> {
    /// A lock that is not taken yet.
    pub fn new(
        environment: &'a Environment,
        connection: &'a Connection,
        bucket: &ArtifactBucket,
        action: &'static str,
    ) -> Self {
        Self { environment, connection, bucket: bucket.clone(), action, lock: Mutex::new(None) }
    }

    /// Take the lock, or fail with who has it.
    pub async fn acquire(&self) -> Result<()> {
        let lock = Lock::acquire(&self.bucket, self.environment, self.connection, self.action).await?;
        *self.lock.lock().await = Some(lock);
        Ok(())
    }

    /// Give the lock back, where it is held.
    pub async fn release(&self) {
        if let Some(lock) = self.lock.lock().await.take() {
            lock.release().await;
        }
    }

    /// Fail where the lock is not ours any more.
    pub async fn ensure_held(&self) -> Result<()> {
        match &*self.lock.lock().await {
            Some(lock) => lock.ensure_held().await,
            None => Ok(()),
        }
    }

    /// Have somebody agree. A person may take an hour to answer, and a key may leak in that hour: so the lock is free
    /// while somebody is asked. What was read before may have changed by the time this returns.
    pub async fn agree(&self, consent: Consent, question: &str) -> Result<()> {
        if consent != Consent::Ask {
            return Ok(());
        }
        self.release().await;
        agree(consent, question, &*self.connection.operator).await?;
        self.acquire().await
    }
}
