//! Parsing presigned S3 URLs from untrusted callers.
//!
//! A redirect to a URL that is not S3 is an open redirect, and a request to one is a forged request from
//! inside. So the URL is parsed by hand and strictly, and every part must have the form that S3 uses. What a
//! lenient parser, such as a browser or an HTTP library, could read differently is rejected.

mod error;
mod escapes;
mod host;
mod query;

use percent_encoding::percent_decode_str;

pub use self::error::S3UrlError;

use self::escapes::has_whole_escapes;
use self::host::{Addressing, addressing_of};
use self::query::SignatureQuery;
use crate::configuration::AllowedBuckets;

/// The rules of an environment.
pub struct S3UrlRules<'a> {
    /// The buckets that are allowed.
    pub allowed_buckets: &'a AllowedBuckets,
    /// The configured S3 endpoint (scheme, host and port), which is allowed as well.
    pub endpoint: Option<&'a str>,
}

/// A presigned URL of an allowed bucket that has not expired.
///
/// Only S3 can verify its signature.
#[derive(Clone, PartialEq, Eq)]
pub struct PresignedUrl {
    url: String,
    bucket: String,
    key: String,
    version_id: Option<String>,
    region: String,
    expires_at: i64,
}

impl PresignedUrl {
    /// Parses a URL at the time `now`, in Unix seconds.
    pub fn parse(url: &str, rules: &S3UrlRules<'_>, now: i64) -> Result<Self, S3UrlError> {
        if !url.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\') {
            return Err(S3UrlError::ForbiddenCharacter);
        }
        if url.contains('#') {
            return Err(S3UrlError::Fragment);
        }
        let (addressing, rest) = take_origin(url, rules.endpoint)?;
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (bucket, raw_key) = take_bucket(&addressing, path)?;
        if !is_bucket_name(&bucket) {
            return Err(S3UrlError::Bucket);
        }
        let key = parse_key(raw_key)?;
        if !rules.allowed_buckets.allows(&bucket) {
            return Err(S3UrlError::BucketNotAllowed);
        }
        let query = SignatureQuery::parse(query)?;
        if query.expires_at <= now {
            return Err(S3UrlError::Expired);
        }
        Ok(Self {
            url: url.to_owned(),
            bucket,
            key,
            version_id: query.version_id,
            region: query.region,
            expires_at: query.expires_at,
        })
    }

    /// Returns the URL, unchanged. It grants access, so it must not be logged.
    pub fn as_str(&self) -> &str {
        &self.url
    }

    /// Returns the bucket.
    pub fn bucket(&self) -> &str {
        &self.bucket
    }

    /// Returns the decoded key.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// Returns the version of the object if the URL names one.
    pub fn version_id(&self) -> Option<&str> {
        self.version_id.as_deref()
    }

    /// Returns the region of the signature.
    pub fn region(&self) -> &str {
        &self.region
    }

    /// Returns when the URL expires, in Unix seconds.
    pub fn expires_at(&self) -> i64 {
        self.expires_at
    }
}

impl std::fmt::Debug for PresignedUrl {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "presigned URL of s3://{}/{}", self.bucket, self.key)
    }
}

/// Splits a URL into how its host addresses a bucket, and the rest.
fn take_origin<'a>(url: &'a str, endpoint: Option<&str>) -> Result<(Addressing, &'a str), S3UrlError> {
    if let Some(endpoint) = endpoint.map(|endpoint| endpoint.trim_end_matches('/')).filter(|e| !e.is_empty())
    {
        let origin = url.get(..endpoint.len());
        if origin.is_some_and(|origin| origin.eq_ignore_ascii_case(endpoint)) {
            let rest = &url[endpoint.len()..];
            if rest.starts_with('/') {
                return Ok((Addressing::Path, rest));
            }
        }
    }
    let scheme = url.get(.."https://".len()).unwrap_or_default();
    if !scheme.eq_ignore_ascii_case("https://") {
        return Err(S3UrlError::Scheme);
    }
    let after_scheme = &url[scheme.len()..];
    let end = after_scheme.find(['/', '?']).unwrap_or(after_scheme.len());
    let (authority, rest) = after_scheme.split_at(end);
    if authority.contains(['@', ':']) {
        return Err(S3UrlError::UserInfoOrPort);
    }
    // DNS is case-insensitive.
    Ok((addressing_of(&authority.to_ascii_lowercase())?, rest))
}

/// Returns the bucket, from the host or the path, and the encoded key.
fn take_bucket<'a>(addressing: &Addressing, path: &'a str) -> Result<(String, &'a str), S3UrlError> {
    let path = path.strip_prefix('/').ok_or(S3UrlError::NoKey)?;
    match addressing {
        Addressing::VirtualHost { bucket } => Ok((bucket.clone(), path)),
        Addressing::Path => {
            let (bucket, key) = path.split_once('/').unwrap_or((path, ""));
            Ok((bucket.to_owned(), key))
        }
    }
}

/// The prefixes and suffixes that the name of a bucket cannot have.
///
/// Most of them belong to aliases of access points, which do not show the bucket behind them.
const RESERVED_PREFIXES: &[&str] = &["xn--", "sthree-", "amzn-s3-demo-"];
const RESERVED_SUFFIXES: &[&str] = &["-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3"];

/// Returns whether a bucket can have a name.
///
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html>.
fn is_bucket_name(bucket: &str) -> bool {
    let is_reserved = RESERVED_PREFIXES.iter().any(|prefix| bucket.starts_with(prefix))
        || RESERVED_SUFFIXES.iter().any(|suffix| bucket.ends_with(suffix));
    let alphanumeric = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    !is_reserved
        && (3..=63).contains(&bucket.len())
        && bucket.bytes().all(|byte| alphanumeric(byte) || byte == b'-' || byte == b'.')
        && bucket.bytes().next().is_some_and(alphanumeric)
        && bucket.bytes().last().is_some_and(alphanumeric)
        && !bucket.contains("..")
        && bucket.parse::<std::net::Ipv4Addr>().is_err()
}

fn parse_key(raw: &str) -> Result<String, S3UrlError> {
    if raw.is_empty() {
        return Err(S3UrlError::NoKey);
    }
    if !has_whole_escapes(raw) {
        return Err(S3UrlError::Path);
    }
    // The URL for HEAD would name another object than the URL that S3 has accepted:
    // https://github.com/aws/aws-sdk-ruby/issues/654.
    if raw.contains('+') {
        return Err(S3UrlError::RawPlus);
    }
    let key = percent_decode_str(raw).decode_utf8().map_err(|_| S3UrlError::Path)?;
    // Browsers remove `..` segments, encoded ones too, so they would request another object or another bucket.
    let has_dots = |text: &str| text.split('/').any(|segment| segment == "." || segment == "..");
    if raw.split('/').any(|segment| {
        let decoded = percent_decode_str(segment).decode_utf8_lossy();
        decoded == "." || decoded == ".."
    }) || has_dots(&key)
    {
        return Err(S3UrlError::Path);
    }
    Ok(key.into_owned())
}

#[cfg(test)]
mod tests;
