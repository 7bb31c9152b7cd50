//! Judging presigned S3 URLs that strangers hand us.
//!
//! A redirect to a URL that is not S3 is an open redirect, and a request to one is a request forged from inside, so
//! nothing is guessed: the URL is taken apart by hand, by the strictest reading, and every part must be as S3 writes
//! it. What a lenient reader (a browser, an HTTP library) might read otherwise is refused.

mod host;
mod query;

use percent_encoding::percent_decode_str;

use self::host::{Addressing, judge_host};
use self::query::SignatureQuery;
use crate::configuration::AllowedBuckets;

/// Which rule a URL breaks.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum S3UrlError {
    /// A byte that no encoded URL holds.
    #[error("has a space, backslash, control or non-ASCII character")]
    ForbiddenCharacter,
    /// Another scheme.
    #[error("must begin with https://")]
    Scheme,
    /// User info or a port.
    #[error("must not have user info or a port")]
    UserInfoOrPort,
    /// A fragment.
    #[error("must not have a fragment")]
    Fragment,
    /// Another host.
    #[error("has a host that is no S3 endpoint")]
    Host,
    /// No bucket, or a bucket that cannot be.
    #[error("names no valid bucket")]
    Bucket,
    /// A bucket that is not on the list.
    #[error("names a bucket that is not allowed here")]
    BucketNotAllowed,
    /// No key.
    #[error("names no object")]
    NoKey,
    /// A path that readers take apart differently.
    #[error("has a path with `.` or `..` segments or broken percent-encoding")]
    Path,
    /// A raw `+` in the path.
    #[error("has a raw `+` in its path, which S3 reads as a space: encode it as %2B, or a space as %20")]
    RawPlus,
    /// Signature Version 2.
    #[error("is signed with Signature Version 2, which is not accepted")]
    SignatureVersion2,
    /// A signature parameter is missing, given twice, or malformed.
    #[error("has a missing, repeated or malformed `{0}`")]
    Parameter(&'static str),
    /// A parameter that no presigned `GetObject` has.
    #[error("has the parameter `{0}`, which has no place in a URL presigned to get an object")]
    UnknownParameter(String),
    /// Its time is over.
    #[error("has expired")]
    Expired,
}

/// What depends on the environment.
pub struct S3UrlRules<'a> {
    /// From which buckets the proxy serves.
    pub allowed_buckets: &'a AllowedBuckets,
    /// The configured S3 endpoint (scheme, host and port), which counts as S3.
    pub endpoint: Option<&'a str>,
}

/// A presigned URL of an allowed bucket that has not expired. Whether its signature is right only S3 can tell.
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
    /// Parse and judge a URL at the time `now` (Unix seconds).
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

    /// The URL, byte for byte. It grants access: it belongs in the answer, and nowhere else.
    pub fn as_str(&self) -> &str {
        &self.url
    }

    /// The bucket.
    pub fn bucket(&self) -> &str {
        &self.bucket
    }

    /// The key, decoded.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The version of the object, where the URL names one.
    pub fn version_id(&self) -> Option<&str> {
        self.version_id.as_deref()
    }

    /// The region that the signature is for.
    pub fn region(&self) -> &str {
        &self.region
    }

    /// When the URL expires, in Unix seconds.
    pub fn expires_at(&self) -> i64 {
        self.expires_at
    }
}

impl std::fmt::Debug for PresignedUrl {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "presigned URL of s3://{}/{}", self.bucket, self.key)
    }
}

/// Split a URL into how its host addresses a bucket, and what follows the host, from the slash on.
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
    // DNS does not tell capitals apart.
    Ok((judge_host(&authority.to_ascii_lowercase())?, rest))
}

/// The bucket and the encoded key, from the host or from the path.
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

/// What a name that no bucket may have begins or ends with. Most of them are the aliases of access points, behind which
/// is a bucket that the alias does not tell, or a function.
const RESERVED_PREFIXES: &[&str] = &["xn--", "sthree-", "amzn-s3-demo-"];
const RESERVED_SUFFIXES: &[&str] = &["-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3"];

/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html>
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
    // Our URL for HEAD would name another object than the one that S3 has accepted:
    // https://github.com/aws/aws-sdk-ruby/issues/654.
    if raw.contains('+') {
        return Err(S3UrlError::RawPlus);
    }
    let key = percent_decode_str(raw).decode_utf8().map_err(|_| S3UrlError::Path)?;
    // Browsers take `..` segments away, encoded ones too, and so end at another object, or in another bucket.
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

/// Whether each `%` begins an escape of two hexadecimal digits.
fn has_whole_escapes(text: &str) -> bool {
    let mut rest = text.as_bytes();
    while let Some(position) = rest.iter().position(|byte| *byte == b'%') {
        match rest.get(position + 1..position + 3) {
            Some(digits) if digits.iter().all(u8::is_ascii_hexdigit) => rest = &rest[position + 3..],
            _ => return false,
        }
    }
    true
}

#[cfg(test)]
mod tests;
