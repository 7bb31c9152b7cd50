//! The key set of the token issuer.
//!
//! It is read on first use, and again before a removed key is trusted for too long.

use std::time::{Duration, SystemTime};

use jsonwebtoken::DecodingKey;
use jsonwebtoken::jwk::JwkSet;
use tokio::sync::Mutex;

use super::error::AuthorizerError;

/// The minimum time between two readings.
///
/// A token with an unknown key can come from anyone.
const SHORTEST_USE: Duration = Duration::from_secs(30);

/// A key set of this age is read again.
const USUAL_USE: Duration = Duration::from_mins(30);

/// A key set of this age is not used.
///
/// The gateway caches a decision for another 5 minutes, so tokens of a removed key are rejected within the
/// hour.
const LONGEST_USE: Duration = Duration::from_mins(55);

/// The pause after the key set could not be read.
const PAUSE_AFTER_FAILURE: Duration = Duration::from_secs(5);

/// The time limit for reading the key set.
const REQUEST_TIME: Duration = Duration::from_secs(5);

/// The keys of the issuer.
#[derive(Default)]
pub(super) struct KeySet {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    current: Option<Current>,
    failed: Option<SystemTime>,
}

struct Current {
    keys: JwkSet,
    read: SystemTime,
}

impl KeySet {
    /// Returns the key with this id, or `None` if the issuer does not have it.
    ///
    /// `None` is a decision, which the gateway caches, so the set is read for it. If the set was read a
    /// moment ago, an unknown key is an error, which is not cached: the key can be newer than the set.
    pub(super) async fn key(
        &self,
        id: &str,
        url: &str,
        now: SystemTime,
    ) -> Result<Option<DecodingKey>, AuthorizerError> {
        let mut state = self.state.lock().await;
        let (known, age) = match &state.current {
            Some(current) => (find(&current.keys, id), age(current.read, now)),
            None => (None, Duration::MAX),
        };
        match known {
            Some(key) if age < USUAL_USE => return Ok(Some(key)),
            None if age < SHORTEST_USE => return Err(AuthorizerError::UnknownKey),
            _ => {}
        }
        match (state.read(url, now).await, known) {
            (Ok(keys), _) => Ok(find(keys, id)),
            (Err(error), Some(key)) if age < LONGEST_USE => {
                tracing::warn!(%error, "using an old key set");
                Ok(Some(key))
            }
            (Err(error), _) => Err(error),
        }
    }
}

impl State {
    async fn read(&mut self, url: &str, now: SystemTime) -> Result<&JwkSet, AuthorizerError> {
        if self.failed.is_some_and(|failed| age(failed, now) < PAUSE_AFTER_FAILURE) {
            return Err(AuthorizerError::KeySet("reading it failed a moment ago".to_owned()));
        }
        match read_key_set(url).await {
            Ok(keys) => {
                self.failed = None;
                Ok(&self.current.insert(Current { keys, read: now }).keys)
            }
            Err(error) => {
                self.failed = Some(now);
                Err(error)
            }
        }
    }
}

/// Returns how long ago a time was.
///
/// After the clock was set back, that is unknown, and the maximum is returned.
fn age(time: SystemTime, now: SystemTime) -> Duration {
    now.duration_since(time).unwrap_or(Duration::MAX)
}

fn find(keys: &JwkSet, id: &str) -> Option<DecodingKey> {
    DecodingKey::from_jwk(keys.find(id)?).ok()
}

async fn read_key_set(url: &str) -> Result<JwkSet, AuthorizerError> {
    let failed = |error: reqwest::Error| AuthorizerError::KeySet(error.to_string());
    // The pauses are too long to keep a connection.
    let client = reqwest::Client::builder().timeout(REQUEST_TIME).no_proxy().build().map_err(failed)?;
    let response = client.get(url).send().await.map_err(failed)?.error_for_status().map_err(failed)?;
    response.json().await.map_err(failed)
}

#[cfg(test)]
mod tests;
