//! The answers that the gateway gives itself.

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Response, StatusCode};
use serde_json::json;

/// Why a request did not reach its function, or got no answer from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    /// No route matches.
    NotFound,
    /// An identity source is missing.
    Unauthorized,
    /// The authorizer says no.
    Forbidden,
    /// The body is larger than the gateway takes, or the event larger than Lambda takes.
    RequestEntityTooLarge,
    /// Request line and headers are larger than the gateway takes.
    RequestHeaderFieldsTooLarge,
    /// The function or the authorizer failed.
    InternalServerError,
    /// The function did not answer in time.
    ServiceUnavailable,
}

impl Refusal {
    fn status(self) -> StatusCode {
        match self {
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Unauthorized => StatusCode::UNAUTHORIZED,
            Self::Forbidden => StatusCode::FORBIDDEN,
            Self::RequestEntityTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::RequestHeaderFieldsTooLarge => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            Self::InternalServerError => StatusCode::INTERNAL_SERVER_ERROR,
            Self::ServiceUnavailable => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    fn message(self) -> &'static str {
        match self {
            Self::NotFound => "Not Found",
            Self::Unauthorized => "Unauthorized",
            Self::Forbidden => "Forbidden",
            Self::RequestEntityTooLarge => "Request Entity Too Large",
            Self::RequestHeaderFieldsTooLarge => "Request Header Fields Too Large",
            Self::InternalServerError => "Internal Server Error",
            Self::ServiceUnavailable => "Service Unavailable",
        }
    }

    /// `{"message": "…"}` with its status.
    pub(super) fn into_response(self) -> Response<Bytes> {
        let body = json!({"message": self.message()}).to_string();
        let mut response = Response::new(Bytes::from(body));
        *response.status_mut() = self.status();
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        response
    }
}
