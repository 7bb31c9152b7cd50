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
use openapi::telemetry::{Rule, Summary};
use openapi::{DatasetNodeId, is_node_id};
use serde_json::{Map, Value};
use tracing::Instrument as _;

pub use self::error::AuthorizerError;

use self::token::TokenVerifier;
use crate::clock;
use crate::configuration::AuthorizerSettings;
use crate::logging;
use crate::platform::aws::{Aws, TimeLimits};
use crate::platform::database::Database;
use crate::telemetry::{self, Activity, Ending, Invocation, Severity, Telemetry, milliseconds};

/// The claims, or no members if the caller has no access.
type SimpleResponse = ApiGatewayV2CustomAuthorizerSimpleResponse<Map<String, Value>>;

/// The authorizer function. Building it opens no connection and calls no service.
pub struct AuthorizerFunction {
    settings: AuthorizerSettings,
    database: Database,
    tokens: TokenVerifier,
    telemetry: Telemetry,
}

impl AuthorizerFunction {
    /// Creates the function with these settings.
    pub fn new(settings: AuthorizerSettings) -> Self {
        let aws = Arc::new(Aws::new(&settings.common, TimeLimits::ForRequests));
        let database = Database::new(&settings.common, aws);
        let telemetry = Telemetry::new(&settings.common.telemetry);
        Self { settings, database, tokens: TokenVerifier::default(), telemetry }
    }

    /// Decides whether a request is authorized.
    pub async fn decide(
        &self,
        invocation: &Invocation,
        event: ApiGatewayV2CustomAuthorizerV2Request,
    ) -> Result<SimpleResponse, AuthorizerError> {
        let is_cold_start = self.telemetry.is_cold_start();
        let activity = Activity::of_invocation(invocation);
        let request_id = event.request_context.request_id.as_deref().unwrap_or_default();
        let span = logging::request(request_id, activity.trace());
        let identity = identity_of(&event);
        let dataset = identity.as_ref().map(|(_, dataset)| dataset.0.clone());
        let decision = activity.observe(self.claims_for(identity)).instrument(span).await;
        let ending = ending(&activity, is_cold_start, request_id, dataset, &decision);
        self.telemetry.end(activity, invocation, ending);
        let claims = decision?;
        let mut response = SimpleResponse::default();
        response.is_authorized = claims.is_ok();
        response.context = claims.unwrap_or_default();
        Ok(response)
    }

    /// Returns the claims of a caller who has access to the dataset.
    async fn claims_for(
        &self,
        identity: Option<(&str, DatasetNodeId)>,
    ) -> Result<Result<Map<String, Value>, Refusal>, AuthorizerError> {
        let Some((token, dataset)) = identity else { return Ok(Err(Refusal::Identity)) };
        let settings = self.settings.tokens.as_ref().map_err(Clone::clone)?;
        let username = telemetry::step("verify the token", self.tokens.username(token, settings)).await?;
        let Some(username) = username else { return Ok(Err(Refusal::Token)) };
        let admission = admission::look_up(&self.database, username, &dataset).await;
        let admission = admission.map_err(|error| AuthorizerError::Database(error.to_string()))?;
        Ok(admission.map(|admission| admission.claims()).ok_or(Refusal::Dataset))
    }
}

/// Why a request is not authorized.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Refusal {
    /// It has no bearer token, or names no dataset.
    Identity,
    /// Its token is not one of the issuer, or has expired.
    Token,
    /// Its user has no access to the dataset, or there is no such dataset.
    Dataset,
}

impl Refusal {
    /// Returns the rule that the request broke.
    const fn rule(self) -> Rule {
        match self {
            Self::Identity => Rule::Identity,
            Self::Token => Rule::Token,
            Self::Dataset => Rule::NoAccess,
        }
    }
}

/// Returns the outcome, fields and annotations of a decision.
fn ending(
    activity: &Activity,
    is_cold_start: bool,
    request_id: &str,
    dataset: Option<String>,
    decision: &Result<Result<Map<String, Value>, Refusal>, AuthorizerError>,
) -> Ending {
    let (outcome, severity) = match decision {
        Ok(Ok(_)) => ("admitted", Severity::Success),
        Ok(Err(_)) => ("refused", Severity::Refusal),
        Err(_) => ("failed", Severity::Failure),
    };
    let mut ending = Ending::new(Summary::Decision, module_path!(), severity, is_cold_start);
    ending.annotation("request_id", request_id);
    ending.annotation("outcome", outcome);
    match decision {
        Ok(Ok(_)) => {}
        Ok(Err(refusal)) => ending.annotation("rule", refusal.rule().name()),
        Err(error) => {
            ending.annotation("rule", error.rule().name());
            ending.cause(error.to_string());
        }
    }
    // A dataset id that no id can be is not repeated: it can be any text.
    ending.annotation_if_some("dataset", dataset.filter(|dataset| is_node_id(dataset)));
    ending.field("duration", milliseconds(activity.duration_until(clock::now())));
    ending
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
