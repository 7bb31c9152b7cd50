//! Responses of the API function.

use std::sync::LazyLock;

use lambda_http::Body;
use lambda_http::aws_lambda_events::apigw::ApiGatewayV2httpResponse;
use lambda_http::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, CACHE_CONTROL, CONTENT_TYPE, LOCATION,
};
use lambda_http::http::{self, HeaderName, HeaderValue, StatusCode};
use openapi::{CORS_ALLOW_HEADERS, CORS_EXPOSE_HEADERS, CORS_MAX_AGE_SECONDS};
use serde::Serialize;

static ALLOWED_HEADERS: LazyLock<String> = LazyLock::new(|| CORS_ALLOW_HEADERS.join(", "));
static EXPOSED_HEADERS: LazyLock<String> = LazyLock::new(|| CORS_EXPOSE_HEADERS.join(", "));

/// A response of the API function.
pub struct Response(http::Response<Body>);

impl Response {
    /// Returns a response without a body.
    pub(crate) fn empty(status: StatusCode) -> Self {
        let mut response = http::Response::new(Body::Empty);
        *response.status_mut() = status;
        Self(response)
    }

    /// Returns a response with a JSON body.
    pub(crate) fn json(status: StatusCode, body: &impl Serialize) -> Self {
        // The types of the contract have only keys of text and finite numbers, so they are always JSON.
        let Ok(body) = serde_json::to_string(body) else {
            return Self::empty(StatusCode::INTERNAL_SERVER_ERROR);
        };
        let mut response = Self::empty(status).header(CONTENT_TYPE, "application/json");
        *response.0.body_mut() = Body::Text(body);
        response
    }

    /// Returns a redirect that keeps the method, to a URL that grants access by itself.
    pub(crate) fn redirect_to_signed(location: &str) -> Self {
        Self::empty(StatusCode::TEMPORARY_REDIRECT).header(LOCATION, location).not_stored()
    }

    /// Returns the response to `OPTIONS`.
    pub(crate) fn preflight() -> Self {
        let mut response = Self::empty(StatusCode::NO_CONTENT);
        response.0.headers_mut().insert(ACCESS_CONTROL_MAX_AGE, CORS_MAX_AGE_SECONDS.into());
        response
    }

    /// Sets a header, unless a header cannot have this value.
    #[must_use]
    pub(crate) fn header(mut self, name: HeaderName, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_bytes(value.as_bytes()) {
            self.0.headers_mut().insert(name, value);
        }
        self
    }

    /// Forbids caches to store the response, which has a signed URL.
    #[must_use]
    pub(crate) fn not_stored(self) -> Self {
        self.header(CACHE_CONTROL, "no-store")
    }

    /// Sets the CORS headers, which matter if there is no gateway.
    #[must_use]
    pub(crate) fn with_cors(self, methods: &str) -> Self {
        self.header(ACCESS_CONTROL_ALLOW_ORIGIN, "*")
            .header(ACCESS_CONTROL_ALLOW_METHODS, methods)
            .header(ACCESS_CONTROL_ALLOW_HEADERS, &ALLOWED_HEADERS)
            .header(ACCESS_CONTROL_EXPOSE_HEADERS, &EXPOSED_HEADERS)
    }

    pub(crate) fn status(&self) -> StatusCode {
        self.0.status()
    }
}

/// Converts a response as `lambda_http` does for a body that is text or empty.
impl From<Response> for ApiGatewayV2httpResponse {
    fn from(response: Response) -> Self {
        let (parts, body) = response.0.into_parts();
        let mut response = Self::default();
        response.status_code = parts.status.as_u16().into();
        response.headers = parts.headers;
        response.body = Some(body).filter(|body| !matches!(body, Body::Empty));
        response
    }
}
