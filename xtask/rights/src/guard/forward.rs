//! Forwards requests to the emulator.

use std::error::Error;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http::header::AUTHORIZATION;
use http::request::Parts;
use http::{HeaderValue, Request, Response, Uri};
use http_body_util::{BodyExt, Limited};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use tokio::time::timeout;

use super::body::{Body, BodyError, Payload, full};
use crate::denial::Denial;
use crate::service::Service;
use crate::signature::Signature;

/// How long the emulator may take to begin a response: longer than a long poll of SQS.
const LIMIT: Duration = Duration::from_mins(2);
/// The largest description of policies.
const DESCRIPTION: usize = 16 * 1024 * 1024;

/// A client of the emulator.
#[derive(Clone, Debug)]
pub(super) struct Upstream {
    emulator: SocketAddr,
    client: Client<HttpConnector, Body>,
}

impl Upstream {
    pub(super) fn new(emulator: SocketAddr) -> Self {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        let client = Client::builder(TokioExecutor::new()).build(connector);
        Self { emulator, client }
    }

    /// Forwards an allowed request, and returns the response as a stream.
    pub(super) async fn send(
        &self,
        parts: &Parts,
        signature: Option<&Signature>,
        payload: Payload,
    ) -> Result<Response<Body>, Denial> {
        let body = payload.checked(parts)?;
        let mut request = Request::new(body);
        *request.method_mut() = parts.method.clone();
        *request.uri_mut() = self.uri(&path_and_query(parts, signature))?;
        *request.headers_mut() = parts.headers.clone();
        let headers = request.headers_mut();
        headers.remove("x-amz-security-token");
        headers.remove(AUTHORIZATION);
        if let Some(signature) = signature {
            headers.insert(AUTHORIZATION, authorization(signature)?);
        }
        let response = self.request(request).await?;
        Ok(response.map(|body| body.map_err(BodyError::from).boxed()))
    }

    /// Returns the body at one of the emulator's own paths.
    pub(super) async fn get(&self, path: &str) -> Result<Bytes, Denial> {
        let mut request = Request::new(full(Bytes::new()));
        *request.uri_mut() = self.uri(path)?;
        let response = self.request(request).await?;
        if !response.status().is_success() {
            return Err(Denial::Unavailable(format!("{path}: {}", response.status())));
        }
        let body = Limited::new(response.into_body(), DESCRIPTION).collect().await;
        body.map(http_body_util::Collected::to_bytes)
            .map_err(|error| Denial::Unavailable(format!("{path}: {error}")))
    }

    async fn request(&self, request: Request<Body>) -> Result<Response<hyper::body::Incoming>, Denial> {
        let response = timeout(LIMIT, self.client.request(request)).await;
        let response = response.map_err(|_| Denial::Unavailable("it took too long".to_owned()))?;
        response.map_err(|error| match cause(&error) {
            Some(BodyError::Signature(signature)) => signature.clone().into(),
            _ => Denial::Unavailable(format!("{error}: {:?}", error.source())),
        })
    }

    fn uri(&self, path_and_query: &str) -> Result<Uri, Denial> {
        let uri =
            Uri::builder().scheme("http").authority(self.emulator.to_string()).path_and_query(path_and_query);
        uri.build().map_err(|error| Denial::Unavailable(error.to_string()))
    }
}

/// Returns the error of the body if it made the request fail.
fn cause(error: &dyn Error) -> Option<&BodyError> {
    let source = error.source()?;
    source.downcast_ref().or_else(|| cause(source))
}

/// Returns the path and the query without the signature. The emulator would verify it with other credentials.
fn path_and_query(parts: &Parts, signature: Option<&Signature>) -> String {
    let path = parts.uri.path();
    let is_s3 = signature
        .is_none_or(|signature| Service::from_signing_name(&signature.scope.service) == Some(Service::S3));
    // S3 reads a plus in a path as a space.
    let path = if is_s3 { path.replace('+', "%20") } else { path.to_owned() };
    let Some(query) = parts.uri.query() else { return path };
    if !signature.is_some_and(Signature::is_presigned) {
        return format!("{path}?{query}");
    }
    let is_signature = |pair: &&str| {
        let name = pair.split('=').next().unwrap_or_default();
        SIGNATURE_PARAMETERS.contains(&name)
    };
    let kept: Vec<&str> = query.split('&').filter(|pair| !is_signature(pair)).collect();
    format!("{path}?{}", kept.join("&"))
}

const SIGNATURE_PARAMETERS: [&str; 7] = [
    "X-Amz-Algorithm",
    "X-Amz-Credential",
    "X-Amz-Date",
    "X-Amz-Expires",
    "X-Amz-Security-Token",
    "X-Amz-Signature",
    "X-Amz-SignedHeaders",
];

/// Returns a header with the emulator's own access key and with the service, which the emulator reads from it.
fn authorization(signature: &Signature) -> Result<HeaderValue, Denial> {
    let key = machine::EMULATOR_ACCESS_KEY_ID;
    let crate::signature::Scope { date, region, service } = &signature.scope;
    let text = format!(
        "AWS4-HMAC-SHA256 Credential={key}/{date}/{region}/{service}/aws4_request, SignedHeaders=host, Signature=0"
    );
    HeaderValue::from_str(&text).map_err(|error| Denial::Unavailable(error.to_string()))
}
