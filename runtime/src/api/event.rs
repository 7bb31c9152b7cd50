//! HTTP API events, payload format 2.0:
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html>.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use openapi::Claims;
use serde::Deserialize;
use serde_json::Value;

use super::error::ApiError;
use super::query::Query;

/// What we read of an event. Everything may be missing, so that a strange event gets an answer too.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GatewayEvent {
    raw_query_string: Option<String>,
    query_string_parameters: Option<BTreeMap<String, Option<String>>>,
    body: Option<String>,
    #[serde(default)]
    is_base64_encoded: bool,
    #[serde(default)]
    request_context: RequestContext,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct RequestContext {
    request_id: Option<String>,
    http: Http,
    authorizer: Value,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Http {
    method: String,
    path: String,
}

impl GatewayEvent {
    /// The gateway's id of the request.
    pub(super) fn request_id(&self) -> &str {
        self.request_context.request_id.as_deref().unwrap_or_default()
    }

    pub(super) fn method(&self) -> &str {
        &self.request_context.http.method
    }

    pub(super) fn path(&self) -> &str {
        &self.request_context.http.path
    }

    pub(super) fn claims(&self) -> Claims {
        Claims::new(self.request_context.authorizer.get("lambda").cloned().unwrap_or_default())
    }

    pub(super) fn query(&self) -> Query {
        Query::new(
            self.raw_query_string.as_deref().unwrap_or_default(),
            self.query_string_parameters.as_ref(),
        )
    }

    /// The body as bytes, decoded where the gateway encoded it.
    pub(super) fn body(&self) -> Result<Vec<u8>, ApiError> {
        let body = self.body.as_deref().unwrap_or_default();
        if self.is_base64_encoded {
            STANDARD.decode(body).map_err(|_| ApiError::bad_request("the body is not valid base64"))
        } else {
            Ok(body.as_bytes().to_vec())
        }
    }
}
