//! The authorizer function, for environments without that of the platform.
//!
//! It is a REQUEST authorizer with simple responses.
//!
//! It decides whether a caller has access to the dataset in `dataset_id`. The access token identifies the
//! caller. The database has the organization of the dataset and the role of the caller in it.

mod admission;
mod error;
mod key_set;
mod token;

use std::sync::Arc;

use aws_lambda_events::apigw::{
    ApiGatewayV2CustomAuthorizerSimpleResponse, ApiGatewayV2CustomAuthorizerV2Request,
};
use openapi::DatasetNodeId;
use serde_json::{Map, Value};
use tracing::Instrument as _;

pub use self::error::AuthorizerError;

use self::token::TokenVerifier;
use crate::configuration::AuthorizerSettings;
use crate::logging;
use crate::platform::aws::{Aws, TimeLimits};
use crate::platform::database::Database;

/// The claims, or no members if the caller has no access.
type SimpleResponse = ApiGatewayV2CustomAuthorizerSimpleResponse<Map<String, Value>>;

/// The authorizer function. Building it opens no connection and calls no service.
pub struct AuthorizerFunction {
    settings: AuthorizerSettings,
    database: Database,
    tokens: TokenVerifier,
}

impl AuthorizerFunction {
    /// Creates the function with these settings.
    pub fn new(settings: AuthorizerSettings) -> Self {
        let aws = Arc::new(Aws::new(&settings.common, TimeLimits::ForRequests));
        let database = Database::new(&settings.common, aws);
        Self { settings, database, tokens: TokenVerifier::default() }
    }

    /// Decides whether a request is authorized.
    pub async fn decide(
        &self,
        event: ApiGatewayV2CustomAuthorizerV2Request,
    ) -> Result<SimpleResponse, AuthorizerError> {
        let span = logging::request(event.request_context.request_id.as_deref().unwrap_or_default());
        let decide = async {
            let outcome = self.claims_for(&event).await;
            match &outcome {
                Ok(claims) => tracing::info!(admitted = claims.is_some(), "decided"),
                Err(error) => tracing::error!(%error, "no decision"),
            }
            outcome
        };
        let claims = decide.instrument(span).await?;
        let mut response = SimpleResponse::default();
        response.is_authorized = claims.is_some();
        response.context = claims.unwrap_or_default();
        Ok(response)
    }

    /// Returns the claims of a caller who has access to the dataset.
    async fn claims_for(
        &self,
        event: &ApiGatewayV2CustomAuthorizerV2Request,
    ) -> Result<Option<Map<String, Value>>, AuthorizerError> {
        let Some((token, dataset)) = identity_of(event) else { return Ok(None) };
        let settings = self.settings.tokens.as_ref().map_err(Clone::clone)?;
        let Some(username) = self.tokens.username(token, settings).await? else { return Ok(None) };
        let admission = admission::look_up(&self.database, username, &dataset).await;
        let admission = admission.map_err(|error| AuthorizerError::Database(error.to_string()))?;
        Ok(admission.map(|admission| admission.claims()))
    }
}

/// Returns the token and the dataset of a request that has both.
fn identity_of(event: &ApiGatewayV2CustomAuthorizerV2Request) -> Option<(&str, DatasetNodeId)> {
    let authorization = event.headers.get("authorization")?.to_str().ok()?;
    // The scheme is case-insensitive: https://datatracker.ietf.org/doc/html/rfc7235#section-2.1.
    let (scheme, token) = authorization.trim().split_once(' ')?;
    let token = scheme.eq_ignore_ascii_case("Bearer").then(|| token.trim())?;
    let dataset = event.query_string_parameters.get("dataset_id")?;
    let is_complete = !token.is_empty() && !dataset.is_empty() && !dataset.contains('\0');
    is_complete.then(|| (token, DatasetNodeId(dataset.clone())))
}

#[cfg(test)]
mod tests {
    use aws_lambda_events::apigw::ApiGatewayV2CustomAuthorizerV2Request;
    use serde_json::json;

    use super::identity_of;

    fn token(authorization: &str) -> Option<String> {
        let event = json!({
            "headers": {"Authorization": authorization},
            "queryStringParameters": {"dataset_id": "N:dataset:1"},
            "requestContext": {"http": {"method": "GET"}},
        });
        let event: ApiGatewayV2CustomAuthorizerV2Request = serde_json::from_value(event).unwrap();
        identity_of(&event).map(|(token, _)| token.to_owned())
    }

    #[test]
    fn scheme_is_case_insensitive() {
        for good in ["Bearer a.b.c", "bearer a.b.c", "BEARER a.b.c", "bEaReR   a.b.c "] {
            assert_eq!(token(good).as_deref(), Some("a.b.c"), "{good}");
        }
        for bad in ["a.b.c", "Bearer", "Bearer ", "Bearera.b.c", "Basic a.b.c", ""] {
            assert_eq!(token(bad), None, "{bad}");
        }
    }
}
