//! Access tokens: RS256, as Cognito signs them,
//! <https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-tokens-verifying-a-jwt.html>.

use std::time::{Duration, Instant};

use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde::Deserialize;
use tokio::sync::Mutex;
use uuid::Uuid;

use super::AuthorizerError;
use crate::configuration::TokenSettings;

/// An unknown `kid` makes us read the key set again, but strangers can send any `kid` they like.
const SHORTEST_REFRESH: Duration = Duration::from_secs(30);

/// After a failed reading, callers wait for no other one before this.
const PAUSE_AFTER_FAILURE: Duration = Duration::from_secs(5);

/// Verifies tokens with the issuer's keys, which it reads on first use.
#[derive(Default)]
pub(super) struct TokenVerifier {
    keys: Mutex<Keys>,
}

#[derive(Default)]
struct Keys {
    set: Option<KeySet>,
    failed: Option<Instant>,
}

struct KeySet {
    keys: JwkSet,
    read: Instant,
}

#[derive(Deserialize)]
struct AccessTokenClaims {
    client_id: String,
    token_use: String,
    username: Uuid,
}

impl TokenVerifier {
    /// The user name in a valid access token; none where the token is not valid.
    pub(super) async fn username(
        &self,
        token: &str,
        settings: &TokenSettings,
    ) -> Result<Option<Uuid>, AuthorizerError> {
        let Ok(header) = decode_header(token) else { return Ok(None) };
        let Some(kid) = header.kid.filter(|_| header.alg == Algorithm::RS256) else { return Ok(None) };
        let Some(key) = self.key(&kid, settings).await? else { return Ok(None) };

        let mut validation = Validation::new(Algorithm::RS256);
        validation.set_issuer(&[&settings.issuer]);
        validation.set_required_spec_claims(&["exp", "iss"]);
        // An access token of Cognito has `client_id` in place of `aud`.
        validation.validate_aud = false;
        validation.leeway = 0;
        let Ok(token) = decode::<AccessTokenClaims>(token, &key, &validation) else { return Ok(None) };
        let is_ours = token.claims.client_id == settings.client_id && token.claims.token_use == "access";
        Ok(is_ours.then_some(token.claims.username))
    }

    async fn key(&self, kid: &str, settings: &TokenSettings) -> Result<Option<DecodingKey>, AuthorizerError> {
        let mut keys = self.keys.lock().await;
        let known = keys.set.as_ref().and_then(|set| find(&set.keys, kid));
        let is_fresh = keys.set.as_ref().is_some_and(|set| set.read.elapsed() < SHORTEST_REFRESH);
        if known.is_some() || is_fresh {
            return Ok(known);
        }
        if keys.failed.is_some_and(|failed| failed.elapsed() < PAUSE_AFTER_FAILURE) {
            return Err(AuthorizerError::KeySet("it could not be read a moment ago".to_owned()));
        }
        match read_key_set(&settings.jwks_url).await {
            Ok(read) => {
                let key = find(&read, kid);
                *keys = Keys { set: Some(KeySet { keys: read, read: Instant::now() }), failed: None };
                Ok(key)
            }
            Err(error) => {
                keys.failed = Some(Instant::now());
                Err(error)
            }
        }
    }
}

fn find(keys: &JwkSet, kid: &str) -> Option<DecodingKey> {
    DecodingKey::from_jwk(keys.find(kid)?).ok()
}

async fn read_key_set(url: &str) -> Result<JwkSet, AuthorizerError> {
    let failed = |error: reqwest::Error| AuthorizerError::KeySet(error.to_string());
    let client =
        reqwest::Client::builder().timeout(Duration::from_secs(5)).no_proxy().build().map_err(failed)?;
    let answer = client.get(url).send().await.map_err(failed)?.error_for_status().map_err(failed)?;
    answer.json().await.map_err(failed)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::TokenVerifier;
    use crate::configuration::TokenSettings;

    #[tokio::test]
    async fn an_issuer_that_fails_is_left_alone_for_a_while() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let settings = TokenSettings {
            issuer: "issuer".to_owned(),
            client_id: "client".to_owned(),
            jwks_url: format!("http://{}/jwks.json", listener.local_addr().unwrap()),
        };
        let asked = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&asked);
        // Takes connections and hangs up.
        tokio::spawn(async move {
            while listener.accept().await.is_ok() {
                counter.fetch_add(1, Ordering::SeqCst);
            }
        });
        let verifier = TokenVerifier::default();
        assert!(verifier.key("one", &settings).await.is_err());
        let after_first = asked.load(Ordering::SeqCst);
        assert!(after_first > 0);
        assert!(verifier.key("two", &settings).await.is_err());
        assert_eq!(asked.load(Ordering::SeqCst), after_first);
    }
}
