//! Verifies that a signed URL opens on the deployed distribution.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use stack::Environment;

use super::observe::observe;
use super::plan::StackState;
use super::probe::Prober;
use super::store::KeyStore;
use crate::connection::Connection;

/// How long to wait for CloudFront to update all edges.
const LIMIT: Duration = Duration::from_mins(30);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// Waits until the distribution is deployed, and opens a URL signed by the active key.
pub async fn open_signed_probe(environment: &Environment, connection: &Connection) -> Result<()> {
    let store = KeyStore::new(connection, environment);
    let start = Instant::now();
    let mut pause = Duration::from_millis(250);
    loop {
        let observation = observe(environment, connection, &store).await?;
        // While another process changes the stack, such as a rotation that waited for this deployment, CloudFront's
        // state cannot be read.
        let is_changing = observation.observed.stack == StackState::Changing;
        let cloudfront = observation.observed.cloudfront.as_ref().filter(|it| it.is_deployed);
        if let Some(cloudfront) = cloudfront {
            let active = observation.ring.ring.active().context("there is no active signing key")?;
            let fingerprint = &active.fingerprint;
            let key_id = cloudfront.trusted.get(fingerprint);
            let key_id =
                key_id.with_context(|| format!("the distribution does not trust the key {fingerprint}"))?;
            let key = store.key_pair(fingerprint).await?;
            let domain = observation.distribution_domain.as_deref().context("there is no distribution")?;
            let prober = Prober::new(environment, connection, domain)?;
            return prober.try_key(&key, key_id, observation.observed.now).await;
        }
        if observation.observed.cloudfront.is_none() && !is_changing {
            bail!("there is no distribution");
        }
        if start.elapsed() > LIMIT {
            bail!("the distribution is not deployed after {} min", LIMIT.as_secs() / 60);
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}
