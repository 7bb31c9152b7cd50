//! The settings of the authorizer function.

use openapi::variables;

use super::common::Common;
use super::variables::{Setting, Variables};

/// The settings of the authorizer function.
pub struct AuthorizerSettings {
    /// The settings that all functions have.
    pub common: Common,
    /// The access tokens that are accepted.
    pub tokens: Setting<TokenSettings>,
}

/// The access tokens that are accepted.
#[derive(Clone, Debug)]
pub struct TokenSettings {
    /// The claim `iss`.
    pub issuer: String,
    /// The claim `client_id`.
    pub client_id: String,
    /// The URL of the JSON Web Key Set.
    pub jwks_url: String,
}

impl AuthorizerSettings {
    /// Reads the variables.
    pub fn read(variables: &Variables) -> Self {
        Self { common: Common::read(variables), tokens: TokenSettings::read(variables) }
    }
}

impl TokenSettings {
    fn read(variables: &Variables) -> Setting<Self> {
        Ok(Self {
            issuer: variables.required(variables::TOKEN_ISSUER)?,
            client_id: variables.required(variables::TOKEN_CLIENT_ID)?,
            jwks_url: variables.required(variables::TOKEN_JWKS_URL)?,
        })
    }
}
