//! Serves all or part of an object from the cache or the origin.

use std::fmt::Write as _;

use aws_sdk_s3::Client;
use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use http::header::{
    AGE, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG, EXPIRES, LAST_MODIFIED, SERVER,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use uuid::Uuid;

use super::cache::{Cache, Cached, LARGEST};
use super::conditions::Outcome;
use super::distribution::Behavior;
use super::origin::{self, Metadata, OriginError};
use super::page;
use super::range::{ByteRange, Selection, select};

/// The header that tells viewers whether the cache was used.
pub(super) const X_CACHE: HeaderName = HeaderName::from_static("x-cache");

/// The cache, and the client for the origin.
#[derive(Debug)]
pub(super) struct Store {
    pub(super) s3: Client,
    pub(super) cache: Cache,
}

/// The requested object with the request's properties.
pub(super) struct ObjectRequest<'a> {
    pub(super) behavior: &'a Behavior,
    pub(super) key: &'a str,
    pub(super) method: &'a Method,
    pub(super) headers: &'a HeaderMap,
}

impl Store {
    /// Responds to GET and HEAD.
    pub(super) async fn serve(&self, request: &ObjectRequest<'_>) -> Result<Response, OriginError> {
        let (metadata, memory, age) = match self.cached(request) {
            Some((first, hit)) => (hit.metadata, Some(Held { first, bytes: hit.body }), Some(hit.age)),
            None => (origin::head(&self.s3, &request.behavior.origin, request.key).await?, None, None),
        };
        let mut response = self.respond(request, &metadata, memory).await?;
        let headers = response.headers_mut();
        let hit = if age.is_some() { "Hit from cloudfront" } else { "Miss from cloudfront" };
        headers.insert(X_CACHE, HeaderValue::from_static(hit));
        if let Some(age) = age {
            headers.insert(AGE, HeaderValue::from(age.as_secs()));
        }
        Ok(response)
    }

    /// Returns the cached object, or a cached range that contains the requested one, and the position of its first byte.
    fn cached(&self, request: &ObjectRequest<'_>) -> Option<(u64, Cached)> {
        let origin = &request.behavior.origin;
        if let Some(whole) = self.cache.get(origin, request.key) {
            return Some((0, whole));
        }
        // `If-Range` with another version asks for the whole object.
        let (range, cached) = self.cache.get_range(origin, request.key, |metadata| {
            match select(metadata.validators().range(request.headers), metadata.size) {
                Selection::One(range) => Some(range),
                Selection::Whole | Selection::Several(_) | Selection::Unsatisfiable => None,
            }
        })?;
        Some((range.first, cached))
    }

    async fn respond(
        &self,
        request: &ObjectRequest<'_>,
        metadata: &Metadata,
        memory: Option<Held>,
    ) -> Result<Response, OriginError> {
        let validators = metadata.validators();
        match validators.evaluate(request.headers) {
            Outcome::Proceed => {}
            Outcome::NotModified => return Ok(not_modified(metadata)),
            Outcome::PreconditionFailed => {
                return Ok(page::s3_error(
                    StatusCode::PRECONDITION_FAILED,
                    "PreconditionFailed",
                    "At least one of the pre-conditions you specified did not hold",
                ));
            }
        }
        let mut headers = metadata.headers.clone();
        let (status, length, parts) = match select(validators.range(request.headers), metadata.size) {
            Selection::Unsatisfiable => return Ok(unsatisfiable(metadata.size)),
            Selection::Whole => (StatusCode::OK, metadata.size, Parts::Whole),
            Selection::One(range) => {
                put(&mut headers, CONTENT_RANGE, &range.content_range(metadata.size));
                (StatusCode::PARTIAL_CONTENT, range.length(), Parts::One(range))
            }
            Selection::Several(ranges) => {
                let multipart = Multipart::new(ranges, metadata);
                let content_type = format!("multipart/byteranges; boundary={}", multipart.boundary);
                put(&mut headers, CONTENT_TYPE, &content_type);
                (StatusCode::PARTIAL_CONTENT, multipart.length(), Parts::Several(multipart))
            }
        };
        headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
        let body = if *request.method == Method::HEAD {
            Body::empty()
        } else {
            self.body(request, metadata, memory, &parts).await?
        };
        let mut response = Response::new(body);
        *response.status_mut() = status;
        *response.headers_mut() = headers;
        Ok(response)
    }

    async fn body(
        &self,
        request: &ObjectRequest<'_>,
        metadata: &Metadata,
        memory: Option<Held>,
        parts: &Parts,
    ) -> Result<Body, OriginError> {
        let memory = match memory {
            None if metadata.size <= LARGEST => Some(self.fetch(request, metadata, None).await?),
            None => match parts {
                Parts::One(range) if range.length() <= LARGEST => {
                    Some(self.fetch(request, metadata, Some(*range)).await?)
                }
                _ => None,
            },
            held => held,
        };
        let origin = &request.behavior.origin;
        let open = |range| origin::open(&self.s3, origin, request.key, metadata, range);
        Ok(match (parts, memory) {
            (Parts::Whole, Some(held)) => Body::from(held.bytes),
            (Parts::Whole, None) => Body::new(open(None).await?.into_inner()),
            (Parts::One(range), Some(held)) => Body::from(held.slice(*range)?),
            (Parts::One(range), None) => Body::new(open(Some(*range)).await?.into_inner()),
            (Parts::Several(multipart), memory) => {
                let mut assembled = Vec::new();
                for &range in &multipart.ranges {
                    assembled.extend_from_slice(multipart.head(range).as_bytes());
                    let bytes = match &memory {
                        Some(held) => held.slice(range)?,
                        None => origin::collect(open(Some(range)).await?).await?,
                    };
                    assembled.extend_from_slice(&bytes);
                }
                assembled.extend_from_slice(multipart.tail().as_bytes());
                Body::from(assembled)
            }
        })
    }

    /// Fetches a range, or a small object completely, and caches it.
    ///
    /// A small object is fetched completely even if only a range was requested. CloudFront, too, may request more from
    /// the origin than the viewer requested, and serves further ranges from its cache.
    async fn fetch(
        &self,
        request: &ObjectRequest<'_>,
        metadata: &Metadata,
        range: Option<ByteRange>,
    ) -> Result<Held, OriginError> {
        let origin = &request.behavior.origin;
        let body = origin::open(&self.s3, origin, request.key, metadata, range).await?;
        let bytes = origin::collect(body).await?;
        let ttl = request.behavior.ttl.for_response(metadata.cache_control());
        self.cache.put(origin, request.key, range, metadata.clone(), bytes.clone(), ttl);
        Ok(Held { first: range.map_or(0, |range| range.first), bytes })
    }
}

/// The parts of an object that form a body.
enum Parts {
    Whole,
    One(ByteRange),
    Several(Multipart),
}

/// A body with several ranges (RFC 9110, section 14.6).
struct Multipart {
    ranges: Vec<ByteRange>,
    size: u64,
    content_type: String,
    boundary: String,
}

impl Multipart {
    fn new(ranges: Vec<ByteRange>, metadata: &Metadata) -> Self {
        let content_type = metadata
            .headers
            .get(CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .unwrap_or("binary/octet-stream")
            .to_owned();
        let boundary = format!("CloudFront{}", Uuid::new_v4().simple());
        Self { ranges, size: metadata.size, content_type, boundary }
    }

    fn head(&self, range: ByteRange) -> String {
        let mut head = String::new();
        // Writing to a String cannot fail.
        let _ = write!(
            head,
            "\r\n--{}\r\nContent-Type: {}\r\nContent-Range: {}\r\n\r\n",
            self.boundary,
            self.content_type,
            range.content_range(self.size)
        );
        head
    }

    fn tail(&self) -> String {
        format!("\r\n--{}--\r\n", self.boundary)
    }

    fn length(&self) -> u64 {
        let parts: u64 =
            self.ranges.iter().map(|&range| self.head(range).len() as u64 + range.length()).sum();
        parts + self.tail().len() as u64
    }
}

/// Bytes of an object in memory, from position `first`.
struct Held {
    first: u64,
    bytes: Bytes,
}

impl Held {
    fn slice(&self, range: ByteRange) -> Result<Bytes, OriginError> {
        let index = |position: u64| {
            let index = position.checked_sub(self.first).and_then(|index| usize::try_from(index).ok());
            index.filter(|&index| index < self.bytes.len()).ok_or(OriginError::Changed)
        };
        Ok(self.bytes.slice(index(range.first)?..=index(range.last)?))
    }
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

fn unsatisfiable(size: u64) -> Response {
    let mut response = page::s3_error(
        StatusCode::RANGE_NOT_SATISFIABLE,
        "InvalidRange",
        "The requested range is not satisfiable",
    );
    put(response.headers_mut(), CONTENT_RANGE, &format!("bytes */{size}"));
    response
}
