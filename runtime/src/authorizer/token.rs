//! Access tokens of Cognito, signed with RS256.
//!
//! <https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-tokens-verifying-a-jwt.html>.

use jsonwebtoken::{Algorithm, Validation, decode, decode_header};
use serde::Deserialize;
use uuid::Uuid;

use super::error::AuthorizerError;
use super::key_set::KeySet;
use crate::clock;
use crate::configuration::TokenSettings;

/// Verifies access tokens with the keys of the issuer.
#[derive(Default)]
pub(super) struct TokenVerifier {
    keys: KeySet,
}

#[derive(Deserialize)]
struct AccessTokenClaims {
    client_id: String,
    token_use: String,
    username: Uuid,
}

impl TokenVerifier {
    /// Returns the user name in an access token, or `None` if it is not valid.
    pub(super) async fn username(
        &self,
        token: &str,
        settings: &TokenSettings,
    ) -> Result<Option<Uuid>, AuthorizerError> {
        let Ok(header) = decode_header(token) else { return Ok(None) };
        let Some(kid) = header.kid.filter(|_| header.alg == Algorithm::RS256) else { return Ok(None) };
        let key = self.keys.key(&kid, &settings.jwks_url, clock::now()).await?;
        let Some(key) = key else { return Ok(None) };

        let mut validation = Validation::new(Algorithm::RS256);
        validation.set_issuer(&[&settings.issuer]);
        validation.set_required_spec_claims(&["exp", "iss"]);
        // An access token of Cognito has `client_id` instead of `aud`.
        validation.validate_aud = false;
        validation.leeway = 0;
        let Ok(token) = decode::<AccessTokenClaims>(token, &key, &validation) else { return Ok(None) };
        let is_ours = token.claims.client_id == settings.client_id && token.claims.token_use == "access";
        Ok(is_ours.then_some(token.claims.username))
    }
}
