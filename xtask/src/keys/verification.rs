//! Whether what was deployed can be opened with a signed URL.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use stack::Environment;

use super::observe::observe;
use super::probe::Prober;
use super::store::KeyStore;
use crate::aws::Connection;

/// How long CloudFront may take to tell all its edges.
const LIMIT: Duration = Duration::from_mins(30);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// Wait until the distribution is deployed, and have it take a URL that the active key signs.
pub(crate) async fn open_signed_probe(environment: &Environment, connection: &Connection) -> Result<()> {
    let store = KeyStore::new(&connection.configuration, environment);
    let start = Instant::now();
    let mut pause = Duration::from_millis(250);
    loop {
        let observation = observe(environment, connection, &store).await?;
        let cloudfront = observation.observed.cloudfront.as_ref().context("there is no distribution")?;
        if cloudfront.is_deployed {
            let active = observation.ring.ring.active().context("there is no active signing key")?;
            let fingerprint = &active.fingerprint;
            let key_id = cloudfront.trusted.get(fingerprint);
            let key_id =
                key_id.with_context(|| format!("the distribution does not trust the key {fingerprint}"))?;
            let key = store.key_pair(fingerprint).await?;
            let outputs = observation.outputs.as_ref().context("there is no stack")?;
            let prober = Prober::new(environment, outputs)?;
            return prober.try_key(&key, key_id, observation.observed.now).await;
        }
        if start.elapsed() > LIMIT {
            bail!("the distribution is not deployed after {} min", LIMIT.as_secs() / 60);
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}
