//! The keys that sign CDN URLs.
//!
//! A key is stored in the Parameter Store under its fingerprint. The key ring lists the keys. Private keys are never
//! written to a disk, a template, or any output.

mod active;
mod import;
mod key_pair;
mod observe;
mod overlap;
mod plan;
mod probe;
mod retire;
mod ring;
mod rotate;
mod rotation;
mod status;
mod store;
mod verification;

use anyhow::{Context, Result, bail};
use chrono::{DateTime, Utc};
use stack::{Environment, SigningKey, SigningKeys};

pub use self::active::ActiveKey;
pub use self::import::import;
pub use self::key_pair::KeyPair;
pub use self::overlap::Overlap;
pub use self::retire::{Retired, retire};
pub use self::ring::{Algorithm, KeyState};
pub use self::rotate::{RotateOptions, Rotated, rotate};
pub use self::status::{KeyStatus, RotationPhase, Status};
use self::store::{KeyStore, StoredRing};
pub use self::verification::open_signed_probe;
use crate::advice::command_for;
use crate::artifact_bucket::ArtifactBucket;
use crate::connection::Connection;
use crate::lock;

/// Generates and stores the first key of an environment.
///
/// Returns an error if there is a key already.
pub async fn generate_first(
    environment: &Environment,
    connection: &Connection,
    algorithm: Algorithm,
) -> Result<()> {
    let store = KeyStore::new(connection, environment);
    let read = store.ring().await?;
    if !read.ring.is_empty() {
        bail!(
            "environment {} already has a signing key; to replace it, run {}",
            environment.name,
            command_for(&environment.name, "keys rotate")
        );
    }
    // A deployment in progress makes a first key too.
    lock::ensure_free(&ArtifactBucket::new(environment, connection), environment).await?;
    let step = connection.operator.begin("signing key");
    let key = rotation::generate(algorithm).await?;
    store.put_key_pair(&key).await?;
    rotation::add_to_ring(&store, &read, &read.ring, &key, store.now()?).await?;
    step.done(&format!("{} {} generated", key.algorithm(), key.fingerprint()));
    Ok(())
}

/// The keys for a deployment.
///
/// They are those of the ring or, if it is empty, a new first key that is not stored yet.
pub struct DeploymentKeys {
    /// The keys in the form that the stack requires.
    pub keys: SigningKeys,
    first: Option<NewKey>,
}

/// A key that exists only in memory.
struct NewKey {
    pair: KeyPair,
    created_at: DateTime<Utc>,
    read: StoredRing,
}

impl DeploymentKeys {
    /// Reads the keys of an environment without storing anything.
    ///
    /// A deployment can therefore be reviewed first. If the environment has no key yet, the new key of an earlier
    /// read is reused.
    pub async fn read(
        environment: &Environment,
        connection: &Connection,
        earlier: Option<Self>,
    ) -> Result<Self> {
        let store = KeyStore::new(connection, environment);
        let read = store.ring().await?;
        if !read.ring.is_empty() {
            return Ok(Self { keys: store.signing_keys(&read.ring).await?, first: None });
        }
        if let Some(earlier) = earlier.filter(Self::has_new_key) {
            return Ok(earlier);
        }
        let pair = rotation::generate(Algorithm::EcP256).await?;
        let created_at = store.now()?;
        let seconds = u64::try_from(created_at.timestamp()).context("AWS's clock is wrong")?;
        let key = SigningKey::new(pair.fingerprint().clone(), seconds, pair.public_pem())?;
        let keys = SigningKeys::new(vec![key], Some(pair.fingerprint().clone()))?;
        Ok(Self { keys, first: Some(NewKey { pair, created_at, read }) })
    }

    /// Returns the keys for a review without a deployment.
    ///
    /// A deployment generates another first key, so the new one of this read is not shown.
    pub fn for_review(&self) -> SigningKeys {
        if self.has_new_key() { SigningKeys::unknown() } else { self.keys.clone() }
    }

    /// Returns whether the first key is new.
    pub fn has_new_key(&self) -> bool {
        self.first.is_some()
    }

    /// Returns an error if the key ring changed since it was read.
    ///
    /// Deploying the older keys would undo a rotation.
    pub async fn ensure_current(&self, environment: &Environment, connection: &Connection) -> Result<()> {
        let ring = KeyStore::new(connection, environment).ring().await?.ring;
        let trusted = self.keys.trusted().iter().map(|key| key.fingerprint().clone()).collect();
        let active = ring.active().map(|entry| &entry.fingerprint);
        if ring.fingerprints() != trusted || active != self.keys.active() {
            bail!(
                "a rotation changed the signing keys in the meantime; nothing was executed; run the command \
                 again to deploy with the current keys"
            );
        }
        Ok(())
    }

    /// Stores the new first key, if there is one, before anything that depends on it is deployed.
    pub async fn store_new_key(&self, environment: &Environment, connection: &Connection) -> Result<()> {
        let Some(new) = &self.first else { return Ok(()) };
        let step = connection.operator.begin("signing key");
        let store = KeyStore::new(connection, environment);
        store.put_key_pair(&new.pair).await?;
        rotation::add_to_ring(&store, &new.read, &new.read.ring, &new.pair, new.created_at).await?;
        step.done(&format!("{} {} generated", new.pair.algorithm(), new.pair.fingerprint()));
        Ok(())
    }
}
