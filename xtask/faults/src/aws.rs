//! A proxy for the emulator.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::header::{AUTHORIZATION, DATE};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};
use machine::ports;
use rights::identity::Credentials;
use serde_json::json;
use tokio::task::JoinHandle;

use super::partial::{Partial, cancel_transaction, deny_objects};
use super::{Fate, Faults, Moment, Service};

/// Size limit of a body.
///
/// S3 accepts requests of up to 5 GB, but functions send far less than this limit.
const MAXIMUM_BODY_BYTES: usize = 64 * 1024 * 1024;
/// Content type of requests in AWS's older query protocol.
const FORM: &str = "application/x-www-form-urlencoded";
const JSON_TYPE: [(&str, &str); 1] = [("content-type", "application/x-amz-json-1.0")];
const TIME_LIMIT: Duration = Duration::from_mins(2);

/// A proxy for the emulator, on 127.0.0.1. Dropping it stops it.
pub struct AwsProxy {
    url: String,
    server: JoinHandle<()>,
}

#[derive(Clone)]
struct Proxy {
    http: reqwest::Client,
    upstream: String,
    /// Those of all clients, to sign what the proxy changes.
    credentials: Arc<Vec<Credentials>>,
    faults: Arc<Faults>,
}

/// A request that can be forwarded.
struct Forwarded {
    method: Method,
    path: String,
    headers: HeaderMap,
    body: Bytes,
}

/// A response of the emulator.
struct ForwardedResponse {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

impl AwsProxy {
    /// Starts a proxy for AWS at the URL `upstream`.
    ///
    /// Requests of clients with other credentials than these cannot be forwarded partly.
    pub async fn start(
        upstream: &str,
        credentials: impl IntoIterator<Item = Credentials>,
        faults: Arc<Faults>,
    ) -> io::Result<Self> {
        let client = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none());
        let http = client.timeout(TIME_LIMIT).build().map_err(io::Error::other)?;
        let listener = ports::bind(None).await?;
        let url = format!("http://{}", listener.local_addr()?);
        let credentials = Arc::new(credentials.into_iter().collect());
        let proxy = Proxy { http, upstream: upstream.trim_end_matches('/').to_owned(), credentials, faults };
        let router = Router::new().fallback(handle).with_state(proxy);
        let server = tokio::spawn(async move {
            // Fails only if the listener cannot accept connections, which the client will notice.
            let _ended = axum::serve(listener, router).await;
        });
        Ok(Self { url, server })
    }

    /// Returns the URL for `AWS_ENDPOINT_URL`.
    pub fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for AwsProxy {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn handle(State(proxy): State<Proxy>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, MAXIMUM_BODY_BYTES).await else { return broken() };
    let operation = operation_of(&parts, &body);
    let path = parts.uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
    let forwarded = Forwarded { method: parts.method, path, headers: parts.headers, body };

    let (fate, _call_in_progress) = proxy.faults.decide(Service::Aws, &operation).await;
    match fate {
        Fate::Forward => proxy.forward(forwarded).await.map_or_else(broken, ForwardedResponse::respond),
        Fate::Delay(delay) => {
            tokio::time::sleep(delay).await;
            proxy.forward(forwarded).await.map_or_else(broken, ForwardedResponse::respond)
        }
        Fate::Cut(moment) => {
            if moment == Moment::After {
                proxy.forward(forwarded).await;
            }
            broken()
        }
        Fate::Stop(moment) => {
            if moment == Moment::After {
                proxy.forward(forwarded).await;
            }
            proxy.faults.stop().await;
            broken()
        }
        Fate::Throttle => rejected(&forwarded, Rejection::Throttled),
        Fate::Deny if operation == "DeleteObjects" => {
            deny_objects(&forwarded.body).map_or_else(broken, IntoResponse::into_response)
        }
        Fate::Deny => rejected(&forwarded, Rejection::Denied),
        Fate::Unavailable => StatusCode::SERVICE_UNAVAILABLE.into_response(),
        Fate::Partly if operation == "TransactWriteItems" => match cancel_transaction(&forwarded.body) {
            Some(body) => (StatusCode::BAD_REQUEST, JSON_TYPE, body).into_response(),
            None => broken(),
        },
        Fate::Partly => proxy.forward_partly(&operation, forwarded).await.unwrap_or_else(broken),
    }
}

impl Proxy {
    async fn forward(&self, mut request: Forwarded) -> Option<ForwardedResponse> {
        if !self.faults.clock_advance().is_zero() {
            // Its client has seen the clock, and signs with it.
            self.sign(&mut request);
        }
        let url = format!("{}{}", self.upstream, request.path);
        let response = self.http.request(request.method, url).headers(end_to_end(request.headers));
        let response = response.body(request.body).send().await.ok()?;
        let (status, mut headers) = (response.status(), end_to_end(response.headers().clone()));
        if let Some(date) = headers.get_mut(DATE) {
            *date = later(date, self.faults.clock_advance())?;
        }
        Some(ForwardedResponse { status, headers, body: response.bytes().await.ok()? })
    }

    /// Signs a changed request again, as its client would have.
    fn sign(&self, request: &mut Forwarded) -> Option<()> {
        let authorization = request.headers.get(AUTHORIZATION)?.to_str().ok()?;
        let (_, credential) = authorization.split_once("Credential=")?;
        let [key, _, region, service] = credential.splitn(5, '/').collect::<Vec<_>>()[..4] else {
            return None;
        };
        let credentials = self.credentials.iter().find(|known| known.access_key_id == key)?;
        let (region, service) = (region.to_owned(), service.to_owned());
        let signed = http::Request::builder().method(&request.method).uri(&request.path);
        let (mut parts, ()) = signed.body(()).ok()?.into_parts();
        parts.headers = std::mem::take(&mut request.headers);
        rights::sign(&mut parts, &request.body, &service, &region, credentials, Utc::now()).ok()?;
        request.headers = parts.headers;
        Some(())
    }

    async fn forward_partly(&self, operation: &str, mut request: Forwarded) -> Option<Response> {
        let Some(mut partial) = Partial::first_half(operation, &request.body) else {
            return Some(self.forward(request).await?.respond());
        };
        let Some(body) = partial.request.take() else {
            return Some(partial.complete(None)?.into_response());
        };
        request.body = body;
        request.headers = without_checksums(request.headers);
        self.sign(&mut request)?;
        let mut response = self.forward(request).await?;
        if response.status.is_success() {
            response.headers = without_checksums(response.headers);
            response.body = partial.complete(Some(&response.body))?;
        }
        Some(response.respond())
    }
}

impl ForwardedResponse {
    fn respond(self) -> Response {
        (self.status, self.headers, self.body).into_response()
    }
}

/// Returns the operation of a request.
///
/// DynamoDB and SQS name it in a header, and CloudFormation in a form. For S3, it follows from the method and the
/// query.
fn operation_of(request: &Parts, body: &[u8]) -> String {
    let header = |name: &str| request.headers.get(name).and_then(|value| value.to_str().ok());
    if let Some((_, operation)) = header("x-amz-target").and_then(|target| target.rsplit_once('.')) {
        return operation.to_owned();
    }
    if header("content-type") == Some(FORM) {
        let mut fields = body.split(|byte| *byte == b'&');
        let action = fields.find_map(|field| field.strip_prefix(b"Action="));
        return String::from_utf8_lossy(action.unwrap_or_default()).into_owned();
    }
    let has = |parameter: &str| query_has(&request.uri, parameter);
    match request.method {
        Method::POST if has("delete") => "DeleteObjects".to_owned(),
        Method::GET if has("versions") => "ListObjectVersions".to_owned(),
        Method::DELETE if has("versionId") => "DeleteObject".to_owned(),
        ref method => format!("{method} {}", request.uri.path()),
    }
}

fn query_has(uri: &Uri, parameter: &str) -> bool {
    let names = uri.query().unwrap_or_default().split('&').map(|pair| pair.split('=').next());
    names.flatten().any(|name| name == parameter)
}

/// Removes the headers that belong to one connection, or that are derived from the body. The host is signed.
fn end_to_end(mut headers: HeaderMap) -> HeaderMap {
    for name in ["connection", "content-length", "transfer-encoding", "expect", "keep-alive"] {
        headers.remove(name);
    }
    headers
}

/// Returns an HTTP date that is later by this duration.
fn later(date: &HeaderValue, by: Duration) -> Option<HeaderValue> {
    let date = DateTime::parse_from_rfc2822(date.to_str().ok()?).ok()? + by;
    date.to_utc().format("%a, %d %b %Y %H:%M:%S GMT").to_string().parse().ok()
}

/// Removes the checksums, which are wrong after the body has changed.
fn without_checksums(mut headers: HeaderMap) -> HeaderMap {
    let is_checksum =
        |name: &str| name == "content-md5" || name == "x-amz-crc32" || name.starts_with("x-amz-checksum-");
    let names: Vec<_> = headers.keys().filter(|name| is_checksum(name.as_str())).cloned().collect();
    for name in names {
        headers.remove(name);
    }
    headers
}

/// The reason why a call is rejected.
#[derive(Clone, Copy)]
enum Rejection {
    Throttled,
    Denied,
}

/// Returns an error response in the format of the service, which its SDK understands.
fn rejected(request: &Forwarded, rejection: Rejection) -> Response {
    let header = |name: &str| request.headers.get(name).and_then(|value| value.to_str().ok());
    let is_denied = matches!(rejection, Rejection::Denied);
    let xml = |code| format!("<Error><Code>{code}</Code><Message>{code}</Message></Error>");
    match header("x-amz-target") {
        None if header("content-type") == Some(FORM) => {
            let code = if is_denied { "AccessDenied" } else { "Throttling" };
            let body = format!("<ErrorResponse>{}</ErrorResponse>", xml(code));
            (StatusCode::BAD_REQUEST, [("content-type", "text/xml")], body).into_response()
        }
        None => {
            let (status, code) = match rejection {
                Rejection::Throttled => (StatusCode::SERVICE_UNAVAILABLE, "SlowDown"),
                Rejection::Denied => (StatusCode::FORBIDDEN, "AccessDenied"),
            };
            (status, [("content-type", "application/xml")], xml(code)).into_response()
        }
        Some(target) => {
            let code = match rejection {
                Rejection::Denied => "AccessDeniedException",
                Rejection::Throttled if target.starts_with("DynamoDB") => {
                    "ProvisionedThroughputExceededException"
                }
                Rejection::Throttled => "RequestThrottled",
            };
            let body = json!({ "__type": code, "message": code }).to_string();
            (StatusCode::BAD_REQUEST, JSON_TYPE, body).into_response()
        }
    }
}

/// Returns a response whose body ends with an error: the client's connection breaks.
fn broken() -> Response {
    let end = futures_util::stream::once(async { Err::<Bytes, _>(io::Error::other("cut")) });
    Body::from_stream(end).into_response()
}
