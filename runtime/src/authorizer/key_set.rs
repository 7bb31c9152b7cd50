//! The issuer's key set: read on first use, and again before a key that was withdrawn could be trusted for too long.

use std::time::{Duration, SystemTime};

use jsonwebtoken::DecodingKey;
use jsonwebtoken::jwk::JwkSet;
use tokio::sync::Mutex;

use super::AuthorizerError;

/// An unknown key makes us read the key set again, but strangers can name any key they like.
const SHORTEST_USE: Duration = Duration::from_secs(30);

/// From this age on, the key set is read again.
const USUAL_USE: Duration = Duration::from_mins(30);

/// Beyond this age, the key set admits nobody. The gateway caches a decision for another 5 minutes, so that the tokens
/// of a withdrawn key are refused within the hour.
const LONGEST_USE: Duration = Duration::from_mins(55);

/// After a failed reading, the key set is not read again before this.
const PAUSE_AFTER_FAILURE: Duration = Duration::from_secs(5);

/// How long a reading may take.
const READING_TIME: Duration = Duration::from_secs(5);

/// The issuer's keys. Their age is measured by the wall clock: `Instant` stands still while Lambda is frozen,
/// <https://github.com/hashicorp/vault-lambda-extension/issues/113>.
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
    /// The key with this id; none where the issuer has no such key.
    ///
    /// An unknown key is a decision, which the gateway caches, only where the set was read for it. A key can be newer
    /// than a set that was read seconds ago, so that there an unknown key is an error, which nobody caches.
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
                tracing::warn!(%error, "the key set in use is older than usual");
                Ok(Some(key))
            }
            (Err(error), _) => Err(error),
        }
    }
}

impl State {
    async fn read(&mut self, url: &str, now: SystemTime) -> Result<&JwkSet, AuthorizerError> {
        if self.failed.is_some_and(|failed| age(failed, now) < PAUSE_AFTER_FAILURE) {
            return Err(AuthorizerError::KeySet("it could not be read a moment ago".to_owned()));
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

/// How long ago a time was. A clock that was set back tells nothing, which counts as long ago.
fn age(time: SystemTime, now: SystemTime) -> Duration {
    now.duration_since(time).unwrap_or(Duration::MAX)
}

fn find(keys: &JwkSet, id: &str) -> Option<DecodingKey> {
    DecodingKey::from_jwk(keys.find(id)?).ok()
}

async fn read_key_set(url: &str) -> Result<JwkSet, AuthorizerError> {
    let failed = |error: reqwest::Error| AuthorizerError::KeySet(error.to_string());
    // A client for each reading: a kept connection would be dead after so long.
    let client = reqwest::Client::builder().timeout(READING_TIME).no_proxy().build().map_err(failed)?;
    let answer = client.get(url).send().await.map_err(failed)?.error_for_status().map_err(failed)?;
    answer.json().await.map_err(failed)
}

#[cfg(test)]
mod tests;
