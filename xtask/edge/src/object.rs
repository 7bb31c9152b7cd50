//! Serves all or part of an object from the cache or the origin.

mod multipart;

use std::sync::Arc;
use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::primitives::ByteStream;
use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use http::header::{
    AGE, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG, EXPIRES, IF_RANGE, LAST_MODIFIED,
    RANGE, SERVER,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};

use self::multipart::Multipart;
use super::cache::{Address, Cache, Held, LARGEST};
use super::collapsing::InProgress;
use super::conditions::Outcome;
use super::distribution::Behavior;
use super::origin::{self, Metadata, Opened, OriginError};
use super::page;
use super::range::{Bounds, ByteRange, Requested, Selection, select};

/// The header that tells viewers whether the cache was used.
pub(super) const X_CACHE: HeaderName = HeaderName::from_static("x-cache");

/// The cache, and the client for the origin.
#[derive(Debug)]
pub(super) struct Store {
    pub(super) s3: Client,
    cache: Cache,
    in_progress: InProgress<(Address, Option<Bounds>), Result<Fetched, OriginError>>,
}

/// The requested object with the request's properties.
pub(super) struct ObjectRequest<'a> {
    pub(super) behavior: &'a Behavior,
    pub(super) key: &'a str,
    pub(super) method: &'a Method,
    pub(super) headers: &'a HeaderMap,
}

/// What a request to the origin has returned to all viewers that waited for it.
#[derive(Clone, Debug)]
enum Fetched {
    /// All bytes that were requested.
    Held(Held),
    /// More bytes than fit into memory. Each viewer needs a request of its own.
    TooLarge,
}

/// What a viewer gets: the metadata, and bytes from memory or from the origin.
struct Found {
    metadata: Arc<Metadata>,
    /// The range of the bytes, unless they are the whole object.
    range: Option<ByteRange>,
    content: Content,
    /// How long the bytes have been in the cache, unless they come from the origin.
    age: Option<Duration>,
}

enum Content {
    Held(Bytes),
    Stream(ByteStream),
}

impl Store {
    pub(super) fn new(s3: Client) -> Self {
        Self { s3, cache: Cache::default(), in_progress: InProgress::default() }
    }

    /// Responds to GET and HEAD.
    pub(super) async fn serve(&self, request: &ObjectRequest<'_>) -> Result<Response, OriginError> {
        let address =
            Address { bucket: request.behavior.origin.bucket.as_str().into(), key: request.key.into() };
        if *request.method == Method::HEAD {
            return self.serve_head(request, &address).await;
        }
        let mut found = self.find(request, &address).await?;
        if let Some(response) = request.failed_condition(&found.metadata) {
            return Ok(with_cache_headers(response, found.age));
        }
        // `If-Range` names another version than that of the range.
        if found.range.is_some() && found.metadata.validators().range(request.headers).is_none() {
            found = self.fetch(request, &address, None).await?;
        }
        let age = found.age;
        Ok(with_cache_headers(found.into_response(request)?, age))
    }

    /// Responds to HEAD, and ignores `Range`.
    ///
    /// RFC 9110 defines `Range` for GET only (section 14.2), and CloudFront documents ranges for GET only. A viewer of
    /// CloudFront has got 200 for HEAD with `Range`: <https://github.com/duckdb/duckdb-wasm/issues/1189>. S3 itself
    /// responds with 206.
    async fn serve_head(
        &self,
        request: &ObjectRequest<'_>,
        address: &Address,
    ) -> Result<Response, OriginError> {
        let (metadata, age) = match self.cache.get(address, &Requested::Whole, |_| true) {
            Some((held, age)) => (held.metadata, Some(age)),
            None => (Arc::new(origin::head(&self.s3, &request.behavior.origin, request.key).await?), None),
        };
        let response =
            request.failed_condition(&metadata).unwrap_or_else(|| part(&metadata, None, Body::empty()));
        Ok(with_cache_headers(response, age))
    }

    /// Returns the requested bytes, from the cache or with one request to the origin.
    async fn find(&self, request: &ObjectRequest<'_>, address: &Address) -> Result<Found, OriginError> {
        let requested = request.range();
        if let Some((held, age)) = self.cached(request, address, &requested) {
            return Ok(Found::held(held, Some(age)));
        }
        // S3 returns the whole object if several ranges are requested:
        // <https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html>.
        let bounds = match requested {
            Requested::One(bounds) => Some(bounds),
            Requested::Whole | Requested::Several(_) => None,
        };
        match self.fetch(request, address, bounds).await {
            // With `If-Range` the range may be meant for another version only.
            Err(OriginError::Unsatisfiable { .. }) if request.headers.contains_key(IF_RANGE) => {
                self.fetch(request, address, None).await
            }
            fetched => fetched,
        }
    }

    fn cached(
        &self,
        request: &ObjectRequest<'_>,
        address: &Address,
        requested: &Requested,
    ) -> Option<(Held, Duration)> {
        let is_meant = |metadata: &Metadata| metadata.validators().range(request.headers).is_some();
        self.cache.get(address, requested, is_meant)
    }

    /// Requests an object or a range from the origin, and caches it unless it is too large.
    async fn fetch(
        &self,
        request: &ObjectRequest<'_>,
        address: &Address,
        bounds: Option<Bounds>,
    ) -> Result<Found, OriginError> {
        let requested = bounds.map_or(Requested::Whole, Requested::One);
        let get = || origin::get(&self.s3, &request.behavior.origin, request.key, bounds);
        let (mut is_own, mut own_stream) = (false, None);
        let shared = self.in_progress.share((address.clone(), bounds), async {
            // Another request may have ended since this viewer has looked.
            if let Some(held) = self.cached(request, address, &requested) {
                return Ok(Fetched::Held(held.0));
            }
            is_own = true;
            let opened = get().await?;
            if opened.length() > LARGEST {
                own_stream = Some(opened);
                return Ok(Fetched::TooLarge);
            }
            let ttl = request.behavior.ttl.for_response(opened.metadata.cache_control());
            let (metadata, range) = (Arc::new(opened.metadata), opened.range);
            let held = Held { metadata, range, body: origin::collect(opened.body).await? };
            self.cache.put(address, held.clone(), ttl);
            Ok(Fetched::Held(held))
        });
        match shared.await? {
            // CloudFront reports a hit for each viewer that it has let wait.
            Fetched::Held(held) => Ok(Found::held(held, (!is_own).then_some(Duration::ZERO))),
            Fetched::TooLarge => {
                let opened = match own_stream {
                    Some(opened) => opened,
                    None => get().await?,
                };
                let Opened { metadata, range, body } = opened;
                Ok(Found { metadata: Arc::new(metadata), range, content: Content::Stream(body), age: None })
            }
        }
    }
}

impl ObjectRequest<'_> {
    fn range(&self) -> Requested {
        Requested::parse(self.headers.get(RANGE).and_then(|value| value.to_str().ok()))
    }

    /// Returns the response if a condition of the request does not hold.
    fn failed_condition(&self, metadata: &Metadata) -> Option<Response> {
        match metadata.validators().evaluate(self.headers) {
            Outcome::Proceed => None,
            Outcome::NotModified => Some(not_modified(metadata)),
            Outcome::PreconditionFailed => Some(page::s3_error(
                StatusCode::PRECONDITION_FAILED,
                "PreconditionFailed",
                "At least one of the pre-conditions you specified did not hold",
            )),
        }
    }
}

impl Found {
    fn held(held: Held, age: Option<Duration>) -> Self {
        let Held { metadata, range, body } = held;
        Self { metadata, range, content: Content::Held(body), age }
    }

    /// Returns the response with the requested bytes.
    fn into_response(self, request: &ObjectRequest<'_>) -> Result<Response, OriginError> {
        let (metadata, is_hit) = (self.metadata, self.age.is_some());
        let bytes = match self.content {
            Content::Stream(stream) => {
                return Ok(part(&metadata, self.range, Body::new(stream.into_inner())));
            }
            Content::Held(bytes) => bytes,
        };
        let selection = select(metadata.validators().range(request.headers), metadata.size);
        match (selection, self.range) {
            (Selection::Unsatisfiable, _) => Ok(unsatisfiable(Some(&format!("bytes */{}", metadata.size)))),
            (Selection::One(wanted), held) => {
                let first = held.map_or(0, |range| range.first);
                let body = slice(&bytes, first, wanted).ok_or_else(other_bytes)?;
                Ok(part(&metadata, Some(wanted), Body::from(body)))
            }
            (Selection::Several(ranges), None) if is_hit => {
                let multipart = Multipart::new(&metadata, &ranges, &bytes).ok_or_else(other_bytes)?;
                let mut response = part(&metadata, None, Body::empty());
                *response.status_mut() = StatusCode::PARTIAL_CONTENT;
                put(response.headers_mut(), CONTENT_TYPE, &multipart.content_type);
                response.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(multipart.body.len()));
                *response.body_mut() = Body::from(multipart.body);
                Ok(response)
            }
            // The origin has sent the whole object, and so does CloudFront.
            (Selection::Whole | Selection::Several(_), None) => Ok(part(&metadata, None, Body::from(bytes))),
            (Selection::Whole | Selection::Several(_), Some(_)) => Err(other_bytes()),
        }
    }
}

/// Returns the response with an object, or a range of it.
fn part(metadata: &Metadata, range: Option<ByteRange>, body: Body) -> Response {
    let mut response = Response::new(body);
    *response.headers_mut() = metadata.headers.clone();
    let length = range.map_or(metadata.size, ByteRange::length);
    response.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(length));
    if let Some(range) = range {
        *response.status_mut() = StatusCode::PARTIAL_CONTENT;
        put(response.headers_mut(), CONTENT_RANGE, &range.content_range(metadata.size));
    }
    response
}

/// Returns a range of an object. The bytes of the object from position `first` are in memory.
fn slice(bytes: &Bytes, first: u64, range: ByteRange) -> Option<Bytes> {
    let start = usize::try_from(range.first.checked_sub(first)?).ok()?;
    let end = start.checked_add(usize::try_from(range.length()).ok()?)?;
    (end <= bytes.len()).then(|| bytes.slice(start..end))
}

fn other_bytes() -> OriginError {
    OriginError::Failed("it returned other bytes than it was asked for".to_owned())
}

fn with_cache_headers(mut response: Response, age: Option<Duration>) -> Response {
    let headers = response.headers_mut();
    let hit = if age.is_some() { "Hit from cloudfront" } else { "Miss from cloudfront" };
    headers.insert(X_CACHE, HeaderValue::from_static(hit));
    if let Some(age) = age {
        headers.insert(AGE, HeaderValue::from(age.as_secs()));
    }
    response
}

fn put(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

fn not_modified(metadata: &Metadata) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NOT_MODIFIED;
    for name in [ETAG, LAST_MODIFIED, CACHE_CONTROL, EXPIRES, SERVER] {
        if let Some(value) = metadata.headers.get(&name) {
            response.headers_mut().insert(name, value.clone());
        }
    }
    response
}

/// 416: the object has none of the requested bytes.
pub(super) fn unsatisfiable(content_range: Option<&str>) -> Response {
    let mut response = page::s3_error(
        StatusCode::RANGE_NOT_SATISFIABLE,
        "InvalidRange",
        "The requested range is not satisfiable",
    );
    if let Some(content_range) = content_range {
        put(response.headers_mut(), CONTENT_RANGE, content_range);
    }
    response
}
