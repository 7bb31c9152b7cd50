//! Imports a key that was generated elsewhere.

use anyhow::{Result, bail};
use stack::{Environment, MAXIMUM_KEYS};

use super::key_pair::KeyPair;
use super::rotation::add_to_ring;
use super::store::KeyStore;
use crate::advice::command_for;
use crate::artifact_bucket::ArtifactBucket;
use crate::connection::Connection;
use crate::lock;

/// Stores a key as the next one, or as the active one if there is none.
///
/// Returns whether it is the first.
pub async fn import(environment: &Environment, connection: &Connection, key: &KeyPair) -> Result<bool> {
    let store = KeyStore::new(connection, environment);
    let stored = store.ring().await?;
    if let Some(entry) = stored.ring.get(key.fingerprint()) {
        bail!(
            "the key ring already has this key, as {}; its fingerprint is {}",
            entry.state,
            entry.fingerprint
        );
    }
    if let Some(next) = stored.ring.next() {
        bail!(
            "{} is already the next key; activate it with {}, or remove it with {}",
            next.fingerprint,
            command_for(&environment.name, "keys rotate"),
            command_for(&environment.name, &format!("keys retire {}", next.fingerprint))
        );
    }
    if stored.ring.entries().len() >= MAXIMUM_KEYS {
        bail!("there are {MAXIMUM_KEYS} keys, as many as CloudFront trusts; retire one first");
    }
    // A deployment in progress would stop right before its execution, because of a changed key ring.
    lock::ensure_free(&ArtifactBucket::new(environment, connection), environment).await?;
    let step = connection.operator.begin("signing key");
    store.put_key_pair(key).await?;
    add_to_ring(&store, &stored, &stored.ring, key, store.now()?).await?;
    step.done(&format!("{} {} imported", key.algorithm(), key.fingerprint()));
    Ok(stored.ring.is_empty())
}
