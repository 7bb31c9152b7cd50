//! Errors of the authorizer.

use openapi::telemetry::Rule;

use crate::configuration::SettingError;

/// The authorizer could not decide.
///
/// The gateway returns 500 and caches nothing, while it caches a denial for 300 s:
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-lambda-authorizer.html>,
/// <https://github.com/ministackorg/ministack/pull/1370>.
#[derive(Debug, thiserror::Error)]
pub enum AuthorizerError {
    /// A variable is missing or malformed.
    #[error(transparent)]
    NotConfigured(#[from] SettingError),
    /// The key set of the token issuer cannot be read.
    #[error("the key set of the token issuer cannot be read: {0}")]
    KeySet(String),
    /// The key set does not have the key of the token, and was read a moment ago.
    #[error("the key of the token is not in the key set, which was read a moment ago")]
    UnknownKey,
    /// The database returned an error.
    #[error("could not query the database: {0}")]
    Database(String),
}

impl AuthorizerError {
    /// Returns what failed.
    pub(super) const fn rule(&self) -> Rule {
        match self {
            Self::NotConfigured(_) => Rule::NotConfigured,
            Self::KeySet(_) | Self::UnknownKey => Rule::KeySet,
            Self::Database(_) => Rule::Database,
        }
    }
}
