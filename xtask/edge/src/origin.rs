//! The origin: a private S3 bucket.

pub mod bucket_policy;
pub mod preflight;

use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::error::SdkError;
use aws_sdk_s3::operation::get_object::GetObjectOutput;
use aws_sdk_s3::operation::head_object::HeadObjectOutput;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::ServerSideEncryption;
use bytes::Bytes;
use http::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_ENCODING, CONTENT_LANGUAGE, CONTENT_RANGE,
    CONTENT_TYPE, ETAG, EXPIRES, LAST_MODIFIED, SERVER,
};
use http::{HeaderMap, HeaderName, HeaderValue};
use machine::causes::with_causes;

use self::bucket_policy::BucketPolicy;
use super::conditions::{Validators, format_date};
use super::range::{Bounds, ByteRange};

/// Time limit for S3 to begin its response; CloudFront's default is the same.
const PATIENCE: Duration = Duration::from_secs(30);

/// A private bucket for which the distribution signs its requests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// Name of the bucket.
    pub bucket: String,
    /// Prefix of all paths: empty or `/…`.
    pub path: String,
    /// The bucket permissions of the distribution.
    pub policy: BucketPolicy,
}

/// The reason why the origin returned no object.
#[derive(Clone, Debug, thiserror::Error)]
pub enum OriginError {
    /// The bucket policy does not allow the distribution to read the object, or to learn that it is missing.
    #[error("the bucket's policy refuses it")]
    Denied,
    /// The bucket contains no object with this key.
    #[error("no object {0}")]
    NotFound(String),
    /// The object has none of the requested bytes.
    #[error("the object has none of the requested bytes")]
    Unsatisfiable {
        /// `Content-Range` with the size of the object, if S3 returns it.
        content_range: Option<String>,
    },
    /// S3 returned an error or did not respond.
    #[error("S3: {0}")]
    Failed(String),
}

/// The metadata that S3 returns for an object.
#[derive(Clone, Debug, Default)]
pub struct Metadata {
    /// Headers for viewers, without Content-Length.
    pub headers: HeaderMap,
    /// Size in bytes.
    pub size: u64,
    last_modified: Option<i64>,
}

impl Metadata {
    /// Returns the validators for conditional requests.
    pub fn validators(&self) -> Validators<'_> {
        Validators {
            etag: self.headers.get(ETAG).and_then(|etag| etag.to_str().ok()),
            last_modified: self.last_modified,
        }
    }

    /// Returns the object's own `Cache-Control`.
    pub fn cache_control(&self) -> Option<&str> {
        self.headers.get(CACHE_CONTROL).and_then(|value| value.to_str().ok())
    }
}

/// Returns the key that S3 reads from a path.
///
/// A raw `+` is a space, and escapes are decoded once. See
/// <https://github.com/aws/aws-sdk-ruby/issues/654> and <https://github.com/duckdb/duckdb/issues/3938>.
///
/// Returns `None` if the path is that of the bucket itself, or if its bytes are not valid UTF-8.
pub fn key_of(origin: &Origin, path: &str) -> Option<String> {
    let path = format!("{}{path}", origin.path).replace('+', " ");
    let key = percent_encoding::percent_decode_str(path.strip_prefix('/')?).decode_utf8().ok()?;
    (!key.is_empty()).then(|| key.into_owned())
}

/// Requests the metadata of an object.
pub async fn head(client: &Client, origin: &Origin, key: &str) -> Result<Metadata, OriginError> {
    if !origin.policy.reads(key) {
        return Err(OriginError::Denied);
    }
    // The SDK's futures are large, and a viewer's request contains several.
    let request = Box::pin(client.head_object().bucket(&origin.bucket).key(key).send());
    let found = patiently(request).await?.map_err(|error| rejected(&error, origin, key))?;
    let size = found.content_length().and_then(|size| u64::try_from(size).ok()).unwrap_or(0);
    Ok(Metadata::of_head(&found, size))
}

/// An object, or a range of it, whose bytes are still to be read.
#[derive(Debug)]
pub struct Opened {
    /// The metadata of the object.
    pub metadata: Metadata,
    /// The range, unless it is the whole object.
    pub range: Option<ByteRange>,
    /// The bytes.
    pub body: ByteStream,
}

impl Opened {
    /// Returns the number of bytes of the body.
    pub fn length(&self) -> u64 {
        self.range.map_or(self.metadata.size, ByteRange::length)
    }
}

/// Requests an object, or a range of it.
pub async fn get(
    client: &Client,
    origin: &Origin,
    key: &str,
    bounds: Option<Bounds>,
) -> Result<Opened, OriginError> {
    if !origin.policy.reads(key) {
        return Err(OriginError::Denied);
    }
    let range = bounds.map(|bounds| bounds.to_string());
    let request = Box::pin(client.get_object().bucket(&origin.bucket).key(key).set_range(range).send());
    let found = patiently(request).await?.map_err(|error| rejected(&error, origin, key))?;
    let length = found.content_length().and_then(|length| u64::try_from(length).ok()).unwrap_or(0);
    let Some(content_range) = found.content_range() else {
        return Ok(Opened { metadata: Metadata::of_get(&found, length), range: None, body: found.body });
    };
    // S3 has no range of an empty object (416); the emulator has one for a suffix.
    if content_range.ends_with("/0") {
        return Err(OriginError::Unsatisfiable { content_range: Some("bytes */0".to_owned()) });
    }
    let (range, size) = ByteRange::parse(content_range)
        .filter(|(range, _)| range.length() == length)
        .ok_or_else(|| OriginError::Failed(format!("the Content-Range {content_range:?} is unusable")))?;
    Ok(Opened { metadata: Metadata::of_get(&found, size), range: Some(range), body: found.body })
}

/// Returns the reason why S3 has not returned an object.
fn rejected<E>(error: &SdkError<E>, origin: &Origin, key: &str) -> OriginError
where
    E: std::error::Error + 'static,
{
    let response = error.raw_response();
    match response.map(|response| response.status().as_u16()) {
        Some(404) if origin.policy.lists() => OriginError::NotFound(key.to_owned()),
        Some(404) => OriginError::Denied,
        Some(416) => {
            let content_range = response.and_then(|response| response.headers().get(CONTENT_RANGE.as_str()));
            OriginError::Unsatisfiable { content_range: content_range.map(str::to_owned) }
        }
        _ => failed(error),
    }
}

/// Reads an opened object to its end. Use it for small objects only.
pub async fn collect(body: ByteStream) -> Result<Bytes, OriginError> {
    let collected = patiently(body.collect()).await?;
    collected
        .map(aws_sdk_s3::primitives::AggregatedBytes::into_bytes)
        .map_err(|error| OriginError::Failed(error.to_string()))
}

async fn patiently<F: Future>(work: F) -> Result<F::Output, OriginError> {
    tokio::time::timeout(PATIENCE, work)
        .await
        .map_err(|_| OriginError::Failed(format!("no answer within {} s", PATIENCE.as_secs())))
}

fn failed<E, R>(error: &SdkError<E, R>) -> OriginError
where
    E: std::error::Error + 'static,
    R: std::fmt::Debug + 'static,
{
    OriginError::Failed(with_causes(error))
}

/// Reads the metadata of an object from one of the responses that have it, which share no trait.
macro_rules! metadata_of {
    ($name:ident, $response:ty) => {
        fn $name(found: &$response, size: u64) -> Self {
            let mut headers = HeaderMap::new();
            let mut put = |name: HeaderName, value: Option<&str>| {
                if let Some(value) = value.and_then(|value| HeaderValue::from_str(value).ok()) {
                    headers.insert(name, value);
                }
            };
            let last_modified = found.last_modified().map(aws_sdk_s3::primitives::DateTime::secs);
            put(CONTENT_TYPE, found.content_type().or(Some("binary/octet-stream")));
            put(CONTENT_ENCODING, found.content_encoding());
            put(CONTENT_DISPOSITION, found.content_disposition());
            put(CONTENT_LANGUAGE, found.content_language());
            put(CACHE_CONTROL, found.cache_control());
            put(EXPIRES, found.expires_string());
            put(ETAG, found.e_tag());
            put(LAST_MODIFIED, last_modified.and_then(format_date).as_deref());
            put(ACCEPT_RANGES, Some("bytes"));
            put(SERVER, Some("AmazonS3"));
            put(HeaderName::from_static("x-amz-version-id"), found.version_id());
            let encryption = found.server_side_encryption().map(ServerSideEncryption::as_str);
            put(HeaderName::from_static("x-amz-server-side-encryption"), encryption);
            for (name, value) in found.metadata().into_iter().flatten() {
                if let Ok(name) = format!("x-amz-meta-{name}").parse() {
                    put(name, Some(value));
                }
            }
            Self { headers, size, last_modified }
        }
    };
}

impl Metadata {
    metadata_of!(of_head, HeadObjectOutput);
    metadata_of!(of_get, GetObjectOutput);
}

#[cfg(test)]
mod tests {
    use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
    use proptest::prelude::*;

    use super::bucket_policy::BucketPolicy;
    use super::*;

    fn origin(path: &str) -> Origin {
        Origin { bucket: "b".to_owned(), path: path.to_owned(), policy: BucketPolicy::default() }
    }

    #[test]
    fn keys_of_paths() {
        let key = |path| key_of(&origin(""), path);
        assert_eq!(key("/O1/a%20b+c%2Bd%2Fe.parquet").as_deref(), Some("O1/a b c+d/e.parquet"));
        assert_eq!(key("/a%2520").as_deref(), Some("a%20"));
        assert_eq!(key("/%C3%A4").as_deref(), Some("ä"));
        assert_eq!(key("/%FF"), None);
        assert_eq!(key("/"), None);
        assert_eq!(key_of(&origin("/viewer"), "/a").as_deref(), Some("viewer/a"));
    }

    proptest! {
        #[test]
        fn every_key_has_a_path(key in ".{1,40}") {
            let path = format!("/{}", utf8_percent_encode(&key, NON_ALPHANUMERIC));
            prop_assert_eq!(key_of(&origin(""), &path), Some(key));
        }
    }
}
