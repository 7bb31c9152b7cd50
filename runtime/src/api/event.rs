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

/// What we read of an event. Everything may be missing or null, so that a strange event gets an answer too.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GatewayEvent {
    raw_query_string: Option<String>,
    query_string_parameters: Option<BTreeMap<String, Option<String>>>,
    body: Option<String>,
    is_base64_encoded: Option<bool>,
    request_context: Option<RequestContext>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RequestContext {
    request_id: Option<String>,
    http: Option<Http>,
    authorizer: Option<Value>,
}

#[derive(Deserialize)]
struct Http {
    method: Option<String>,
    path: Option<String>,
}

impl GatewayEvent {
    fn context(&self) -> Option<&RequestContext> {
        self.request_context.as_ref()
    }

    fn http(&self) -> Option<&Http> {
        self.context()?.http.as_ref()
    }

    /// The gateway's id of the request.
    pub(super) fn request_id(&self) -> &str {
        self.context().and_then(|context| context.request_id.as_deref()).unwrap_or_default()
    }

    pub(super) fn method(&self) -> &str {
        self.http().and_then(|http| http.method.as_deref()).unwrap_or_default()
    }

    pub(super) fn path(&self) -> &str {
        self.http().and_then(|http| http.path.as_deref()).unwrap_or_default()
    }

    pub(super) fn claims(&self) -> Claims {
        let authorizer = self.context().and_then(|context| context.authorizer.as_ref());
        Claims::new(authorizer.and_then(|authorizer| authorizer.get("lambda")).cloned().unwrap_or_default())
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
        if self.is_base64_encoded == Some(true) {
            STANDARD.decode(body).map_err(|_| ApiError::bad_request("the body is not valid base64"))
        } else {
            Ok(body.as_bytes().to_vec())
        }
    }
}
