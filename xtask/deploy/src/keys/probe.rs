//! Tests a key before any viewer depends on it.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use chrono::{DateTime, Utc};
use reqwest::StatusCode;
use reqwest::redirect::Policy;
use signing::{CdnOrigin, HashAlgorithm, Signer, SigningKey};
use stack::Environment;

use super::key_pair::KeyPair;
use crate::connection::Connection;

/// The lifetime of a probe's URL.
const LIFETIME_SECONDS: i64 = 15 * 60;
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// Requests a nonexistent object from the distribution.
pub(super) struct Prober {
    http: reqwest::Client,
    origin: CdnOrigin,
    /// The hash algorithm that the API function uses.
    hash: Option<HashAlgorithm>,
    /// How long the distribution may reject the signature before that is an error.
    rejection_limit: Duration,
}

impl Prober {
    /// Creates a prober for the distribution with this CloudFront domain.
    ///
    /// A custom domain may not resolve to the distribution yet.
    pub(super) fn new(environment: &Environment, connection: &Connection, domain: &str) -> Result<Self> {
        // CloudFront takes minutes to propagate a change to all edges. The local edge, which has another address than
        // the stack's output, reloads every second.
        let (origin, rejection_limit) = match &connection.local {
            Some(local) => (CdnOrigin::parse(&local.cdn_url)?, Duration::from_secs(15)),
            None => (CdnOrigin::parse(domain)?, Duration::from_mins(5)),
        };
        let http = reqwest::Client::builder()
            .redirect(Policy::none())
            .connect_timeout(Duration::from_secs(5))
            .timeout(Duration::from_secs(20));
        Ok(Self {
            http: http.build().context("could not create the HTTP client")?,
            origin,
            hash: environment.signing_hash,
            rejection_limit,
        })
    }

    /// Requests a signed URL of a nonexistent object until the signature is accepted.
    ///
    /// The status is 404 if the signature is valid, and 403 if it is not.
    pub(super) async fn try_key(&self, key: &KeyPair, key_id: &str, now: DateTime<Utc>) -> Result<()> {
        let signer = Signer::new(SigningKey::from_pem(key.private_pem(), self.hash)?, key_id.to_owned());
        let path = format!("probe/{}/{}", key.fingerprint(), now.timestamp());
        let url = signer.sign_url(&self.origin.url_of(&path), now.timestamp() + LIFETIME_SECONDS)?;
        let masked_url = url.to_string();
        let url = url.into_exposed();
        let deadline = Instant::now() + self.rejection_limit;
        let mut pause = Duration::from_millis(250);
        loop {
            let response = self.request(&url).await;
            match &response {
                Ok((StatusCode::NOT_FOUND, _)) => return Ok(()),
                _ if Instant::now() < deadline => {}
                Ok((status, code)) => bail!(
                    "CloudFront rejected a signature of the key {}: {masked_url} returned {} {code}, expected 404",
                    key.fingerprint(),
                    status.as_u16()
                ),
                Err(_) => {
                    response.with_context(|| format!("cannot request {masked_url} from the distribution"))?;
                }
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Returns the status of a response, and the code in its error document.
    async fn request(&self, url: &str) -> Result<(StatusCode, String)> {
        // The error would contain the whole URL, which grants access.
        let response = self.http.get(url).send().await.map_err(reqwest::Error::without_url)?;
        let status = response.status();
        let body = response.text().await.map_err(reqwest::Error::without_url)?;
        let code = body.split_once("<Code>").and_then(|(_, rest)| rest.split_once("</Code>"));
        Ok((status, code.map_or(String::new(), |(code, _)| format!("({code})"))))
    }
}
