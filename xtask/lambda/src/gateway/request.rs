//! Reads a request within the limits of the gateway:
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html>.

use std::net::SocketAddr;
use std::time::SystemTime;

use axum::body::{Body, to_bytes};
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::header::CONTENT_LENGTH;
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Request};
use openapi::telemetry::TraceHeader;
use uuid::Uuid;

use super::rejection::Rejection;
use crate::pool::new_trace_id;

const TRACE_HEADER: HeaderName = HeaderName::from_static("x-amzn-trace-id");

const MAXIMUM_BODY_BYTES: usize = 10 * 1024 * 1024;

/// Size limit of the request line and the header values together.
const MAXIMUM_HEADER_BYTES: usize = 10_240;

/// The id of a request: 15 characters of base64 and a `=`, the format of API Gateway.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RequestId(String);

impl RequestId {
    pub(super) fn new() -> Self {
        Self(BASE64.encode(&Uuid::new_v4().as_bytes()[..11]))
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

/// A request with its complete body.
pub(super) struct IncomingRequest {
    pub(super) id: RequestId,
    pub(super) received: DateTime<Utc>,
    pub(super) peer: SocketAddr,
    pub(super) parts: Parts,
    pub(super) body: Bytes,
}

impl IncomingRequest {
    /// Reads the body up to the size limit.
    pub(super) async fn read(
        peer: SocketAddr,
        id: RequestId,
        request: Request<Body>,
    ) -> Result<Self, Rejection> {
        let received = Utc::now();
        let (mut parts, body) = request.into_parts();
        add_trace_header(&mut parts.headers);
        // A body whose announced length is too large is rejected before it is read.
        let announced = parts.headers.get(CONTENT_LENGTH).and_then(|it| it.to_str().ok()?.parse().ok());
        if announced.is_some_and(|length: usize| length > MAXIMUM_BODY_BYTES) {
            return Err(Rejection::RequestEntityTooLarge);
        }
        let body = to_bytes(body, MAXIMUM_BODY_BYTES).await.map_err(|_| Rejection::RequestEntityTooLarge)?;
        Ok(Self { id, received, peer, parts, body })
    }
}

/// Adds the id of a trace, unless the client has sent one.
///
/// An HTTP API sends no segments, and Lambda does not continue this trace but begins one of its own for each invocation:
/// <https://github.com/aws/aws-xray-sdk-java/issues/301>.
fn add_trace_header(headers: &mut HeaderMap) {
    let header = TraceHeader { root: new_trace_id(SystemTime::now()), parent: None, sampled: None };
    if let Ok(header) = HeaderValue::try_from(header.to_string()) {
        headers.entry(TRACE_HEADER).or_insert(header);
    }
}

/// Rejects a request with a request line and headers larger than the limit.
pub(super) fn check_header_size<B>(request: &Request<B>) -> Result<(), Rejection> {
    let target = request.uri().path_and_query().map_or(0, |target| target.as_str().len());
    let line = request.method().as_str().len() + target + "  HTTP/1.1".len();
    let headers: usize = request.headers().values().map(http::HeaderValue::len).sum();
    if line + headers > MAXIMUM_HEADER_BYTES { Err(Rejection::RequestHeaderFieldsTooLarge) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn request_ids_look_like_those_of_the_gateway() {
        let id = RequestId::new();
        assert_eq!(id.as_str().len(), 16);
        assert!(id.as_str().ends_with('='));
        assert_ne!(id, RequestId::new());
    }

    #[test]
    fn trace_of_a_client_is_kept() {
        let mut headers = HeaderMap::new();
        add_trace_header(&mut headers);
        assert!(headers[TRACE_HEADER].to_str().unwrap().parse::<TraceHeader>().is_ok());
        headers.insert(TRACE_HEADER, HeaderValue::from_static("Root=1-a"));
        add_trace_header(&mut headers);
        assert_eq!(headers[TRACE_HEADER], "Root=1-a");
    }

    #[test]
    fn line_and_header_values_count_together() {
        let of_size = |size: usize| {
            let line = "GET / HTTP/1.1".len();
            Request::get("/").header("a", "x".repeat(size - line)).body(()).unwrap()
        };
        assert_eq!(check_header_size(&of_size(MAXIMUM_HEADER_BYTES)), Ok(()));
        assert_eq!(
            check_header_size(&of_size(MAXIMUM_HEADER_BYTES + 1)),
            Err(Rejection::RequestHeaderFieldsTooLarge)
        );
    }
}
