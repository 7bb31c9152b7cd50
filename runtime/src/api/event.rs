//! HTTP API events, payload format 2.0:
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html>.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use openapi::Claims;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::error::ApiError;
use super::query::Query;

/// What we read of an event. Everything may be missing, null or of another type, so that a strange event gets an answer
/// too.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
pub struct GatewayEvent {
    #[serde(deserialize_with = "if_well_formed")]
    raw_query_string: Option<String>,
    #[serde(deserialize_with = "if_well_formed")]
    query_string_parameters: Option<BTreeMap<String, Option<String>>>,
    #[serde(deserialize_with = "if_well_formed")]
    body: Option<String>,
    #[serde(deserialize_with = "if_well_formed")]
    is_base64_encoded: Option<bool>,
    #[serde(deserialize_with = "if_well_formed")]
    request_context: Option<RequestContext>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct RequestContext {
    #[serde(deserialize_with = "if_well_formed")]
    request_id: Option<String>,
    #[serde(deserialize_with = "if_well_formed")]
    http: Option<Http>,
    authorizer: Option<Value>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Http {
    #[serde(deserialize_with = "if_well_formed")]
    method: Option<String>,
    #[serde(deserialize_with = "if_well_formed")]
    path: Option<String>,
}

/// A member of the right type; of any other it counts as missing.
fn if_well_formed<'de, D: Deserializer<'de>, T: DeserializeOwned>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    Ok(serde_json::from_value(Value::deserialize(deserializer)?).ok())
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
