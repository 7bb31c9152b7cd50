//! The authorizer function: a REQUEST authorizer with simple responses, for where the platform's own is not there.
//!
//! It admits a caller to the dataset that `dataset_id` names: the access token says who calls, the database in which
//! organization the dataset lies and as what the caller may use it.

mod admission;
mod key_set;
mod token;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tracing::Instrument as _;

use self::token::TokenVerifier;
use crate::configuration::AuthorizerSettings;
use crate::logging;
use crate::platform::aws::{Aws, Patience};
use crate::platform::database::Database;

/// What we read of an authorizer event, payload format 2.0:
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-lambda-authorizer.html>.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AuthorizerEvent {
    #[serde(default)]
    headers: Option<BTreeMap<String, String>>,
    #[serde(default)]
    query_string_parameters: Option<BTreeMap<String, String>>,
    #[serde(default)]
    request_context: Option<RequestContext>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RequestContext {
    #[serde(default)]
    request_id: Option<String>,
}

/// A simple response.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AuthorizerAnswer {
    is_authorized: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    context: Option<Value>,
}

/// Why there is no decision. The gateway answers 500 and caches nothing, where it caches a denial for 300 s:
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-lambda-authorizer.html>,
/// <https://github.com/ministackorg/ministack/pull/1370>.
#[derive(Debug, thiserror::Error)]
pub enum AuthorizerError {
    /// A variable is missing or malformed.
    #[error(transparent)]
    NotConfigured(#[from] crate::configuration::SettingError),
    /// The token issuer's keys cannot be read.
    #[error("the key set of the token issuer cannot be read: {0}")]
    KeySet(String),
    /// The token names a key that the key set does not have, and the key set was read a moment ago.
    #[error("the token's key is not in the key set, which was read a moment ago")]
    UnknownKey,
    /// The database cannot be asked.
    #[error("the database cannot be asked: {0}")]
    Database(String),
}

/// The authorizer function. Building it opens no connection and calls no service.
pub struct AuthorizerFunction {
    settings: AuthorizerSettings,
    database: Database,
    tokens: TokenVerifier,
}

impl AuthorizerFunction {
    /// A function with these settings.
    pub fn new(settings: AuthorizerSettings) -> Self {
        let aws = Arc::new(Aws::new(&settings.common, Patience::Caller));
        let database = Database::new(&settings.common, aws);
        Self { settings, database, tokens: TokenVerifier::default() }
    }

    /// Decide on one request.
    pub async fn decide(&self, event: AuthorizerEvent) -> Result<AuthorizerAnswer, AuthorizerError> {
        let request_id = event.request_context.as_ref().and_then(|context| context.request_id.as_deref());
        self.decide_on(&event).instrument(logging::request(request_id.unwrap_or_default())).await
    }

    async fn decide_on(&self, event: &AuthorizerEvent) -> Result<AuthorizerAnswer, AuthorizerError> {
        let outcome = self.claims_for(event).await;
        match &outcome {
            Ok(claims) => tracing::info!(admitted = claims.is_some(), "decided"),
            Err(error) => tracing::error!(%error, "no decision"),
        }
        let context = outcome?;
        Ok(AuthorizerAnswer { is_authorized: context.is_some(), context })
    }

    async fn claims_for(&self, event: &AuthorizerEvent) -> Result<Option<Value>, AuthorizerError> {
        let Some((token, dataset)) = event.identity() else { return Ok(None) };
        let settings = self.settings.tokens.as_ref().map_err(Clone::clone)?;
        let Some(username) = self.tokens.username(token, settings).await? else { return Ok(None) };
        let admission = admission::look_up(&self.database, username, dataset).await;
        let admission = admission.map_err(|error| AuthorizerError::Database(error.to_string()))?;
        Ok(admission.map(|admission| admission.claims()))
    }
}

impl AuthorizerEvent {
    /// The token and the dataset's node id, where both are there.
    fn identity(&self) -> Option<(&str, &str)> {
        let headers = self.headers.as_ref()?;
        let header = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("authorization"))?.1;
        // The scheme is matched without regard to case: https://datatracker.ietf.org/doc/html/rfc7235#section-2.1.
        let (scheme, token) = header.trim().split_once(' ')?;
        let token = scheme.eq_ignore_ascii_case("Bearer").then(|| token.trim())?;
        let dataset = self.query_string_parameters.as_ref()?.get("dataset_id")?;
        (!token.is_empty() && !dataset.is_empty() && !dataset.contains('\0')).then_some((token, dataset))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::AuthorizerEvent;

    #[test]
    fn the_scheme_is_matched_without_regard_to_case() {
        let token = |authorization: &str| {
            let event = json!({
                "headers": {"authorization": authorization},
                "queryStringParameters": {"dataset_id": "N:dataset:1"},
            });
            let event: AuthorizerEvent = serde_json::from_value(event).unwrap();
            event.identity().map(|(token, _)| token.to_owned())
        };
        for good in ["Bearer a.b.c", "bearer a.b.c", "BEARER a.b.c", "bEaReR   a.b.c "] {
            assert_eq!(token(good).as_deref(), Some("a.b.c"), "{good}");
        }
        for bad in ["a.b.c", "Bearer", "Bearer ", "Bearera.b.c", "Basic a.b.c", ""] {
            assert_eq!(token(bad), None, "{bad}");
        }
    }
}
