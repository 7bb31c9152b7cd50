//! The origin: a private S3 bucket.

pub mod bucket_policy;
pub mod preflight;

use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::error::SdkError;
use aws_sdk_s3::operation::head_object::{HeadObjectError, HeadObjectOutput};
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::ServerSideEncryption;
use bytes::Bytes;
use http::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_ENCODING, CONTENT_LANGUAGE, CONTENT_TYPE,
    ETAG, EXPIRES, LAST_MODIFIED, SERVER,
};
use http::{HeaderMap, HeaderName, HeaderValue};
use machine::causes::with_causes;

use self::bucket_policy::BucketPolicy;
use super::conditions::{Validators, format_date};
use super::range::ByteRange;

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
#[derive(Debug, thiserror::Error)]
pub enum OriginError {
    /// The bucket policy does not allow the distribution to read the object, or to learn that it is missing.
    #[error("the bucket's policy refuses it")]
    Denied,
    /// The bucket contains no object with this key.
    #[error("no object {0}")]
    NotFound(String),
    /// The object was replaced between two requests for parts of it.
    #[error("the object changed while it was read")]
    Changed,
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
    let request = client.head_object().bucket(&origin.bucket).key(key).send();
    let found = patiently(request).await?.map_err(|error| match error.as_service_error() {
        Some(HeadObjectError::NotFound(_)) if origin.policy.lists() => OriginError::NotFound(key.to_owned()),
        Some(HeadObjectError::NotFound(_)) => OriginError::Denied,
        _ => failed(&error),
    })?;
    Ok(metadata(&found))
}

/// Opens the object that `metadata` describes, as a stream of bytes.
///
/// `range` must not be empty.
pub async fn open(
    client: &Client,
    origin: &Origin,
    key: &str,
    metadata: &Metadata,
    range: Option<ByteRange>,
) -> Result<ByteStream, OriginError> {
    let request = client
        .get_object()
        .bucket(&origin.bucket)
        .key(key)
        .set_if_match(metadata.validators().etag.map(str::to_owned))
        .set_range(range.map(|range| format!("bytes={}-{}", range.first, range.last)))
        .send();
    let found = patiently(request).await?.map_err(|error| {
        let status = error.raw_response().map(|response| response.status().as_u16());
        match status {
            Some(404) => OriginError::NotFound(key.to_owned()),
            Some(412) => OriginError::Changed,
            _ => failed(&error),
        }
    })?;
    let expected = range.map_or(metadata.size, ByteRange::length);
    if found.content_length().and_then(|length| u64::try_from(length).ok()) != Some(expected) {
        return Err(OriginError::Changed);
    }
    Ok(found.body)
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

fn metadata(found: &HeadObjectOutput) -> Metadata {
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
    Metadata {
        headers,
        size: found.content_length().and_then(|size| u64::try_from(size).ok()).unwrap_or(0),
        last_modified,
    }
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
