//! Error responses that the gateway itself sends.

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Response, StatusCode};
use serde_json::json;

/// The reason why a request did not reach its function, or got no response from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rejection {
    /// No route matches.
    NotFound,
    /// An identity source is missing.
    Unauthorized,
    /// The authorizer denied the request.
    Forbidden,
    /// The rate limit of the route is exceeded.
    TooManyRequests,
    /// The body exceeds the limit of the gateway, or the event exceeds the limit of Lambda.
    RequestEntityTooLarge,
    /// The request line and headers exceed the limit of the gateway. The status is reported, not documented:
    /// <http://backbencher.dev/solved-431-status-code-with-request-header-fields-too-large>.
    RequestHeaderFieldsTooLarge,
    /// The function or the authorizer failed, or Lambda refused the response of the function.
    InternalServerError,
    /// The function did not respond within the timeout of the integration. A REST API would respond with 504:
    /// <https://github.com/serverless/serverless/issues/11222>.
    ServiceUnavailable,
    /// No API is deployed. On AWS, the host name would not resolve.
    NothingDeployed,
}

impl Rejection {
    fn status(self) -> StatusCode {
        match self {
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Unauthorized => StatusCode::UNAUTHORIZED,
            Self::Forbidden => StatusCode::FORBIDDEN,
            Self::TooManyRequests => StatusCode::TOO_MANY_REQUESTS,
            Self::RequestEntityTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::RequestHeaderFieldsTooLarge => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            Self::InternalServerError => StatusCode::INTERNAL_SERVER_ERROR,
            Self::ServiceUnavailable | Self::NothingDeployed => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    fn message(self) -> &'static str {
        match self {
            Self::NotFound => "Not Found",
            Self::Unauthorized => "Unauthorized",
            Self::Forbidden => "Forbidden",
            Self::TooManyRequests => "Too Many Requests",
            Self::RequestEntityTooLarge => "Request Entity Too Large",
            Self::RequestHeaderFieldsTooLarge => "Request Header Fields Too Large",
            Self::InternalServerError => "Internal Server Error",
            Self::ServiceUnavailable => "Service Unavailable",
            Self::NothingDeployed => "No API is deployed",
        }
    }

    /// Returns the type of the response, which the access log has:
    /// <https://docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html>.
    pub(super) fn response_type(self) -> &'static str {
        match self {
            // A REST API has this one for an unknown path. For an HTTP API it is a guess.
            Self::NotFound => "MISSING_AUTHENTICATION_TOKEN",
            Self::Unauthorized => "UNAUTHORIZED",
            Self::Forbidden => "ACCESS_DENIED",
            Self::TooManyRequests => "THROTTLED",
            Self::RequestEntityTooLarge | Self::RequestHeaderFieldsTooLarge => "REQUEST_TOO_LARGE",
            Self::InternalServerError => "INTEGRATION_FAILURE",
            Self::ServiceUnavailable | Self::NothingDeployed => "INTEGRATION_TIMEOUT",
        }
    }

    /// Returns the response `{"message": "…"}` with its status.
    pub(super) fn into_response(self) -> Response<Bytes> {
        let body = json!({"message": self.message()}).to_string();
        let mut response = Response::new(Bytes::from(body));
        *response.status_mut() = self.status();
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        response
    }
}
