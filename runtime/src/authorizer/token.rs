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

/// Verifies tokens with the issuer's keys, which it reads on first use.
#[derive(Default)]
pub(super) struct TokenVerifier {
    keys: Mutex<Option<KeySet>>,
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
        let known = keys.as_ref().and_then(|set| find(&set.keys, kid));
        let is_fresh = keys.as_ref().is_some_and(|set| set.read.elapsed() < SHORTEST_REFRESH);
        if known.is_some() || is_fresh {
            return Ok(known);
        }
        let read = read_key_set(&settings.jwks_url).await?;
        let key = find(&read, kid);
        *keys = Some(KeySet { keys: read, read: Instant::now() });
        Ok(key)
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
