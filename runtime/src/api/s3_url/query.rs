//! The query of a URL presigned with Signature Version 4.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html>.

use std::collections::BTreeMap;

use chrono::NaiveDateTime;
use percent_encoding::percent_decode_str;

use super::error::S3UrlError;
use super::escapes::has_whole_escapes;

const ALGORITHM: &str = "X-Amz-Algorithm";
const CREDENTIAL: &str = "X-Amz-Credential";
const DATE: &str = "X-Amz-Date";
const EXPIRES: &str = "X-Amz-Expires";
const SIGNED_HEADERS: &str = "X-Amz-SignedHeaders";
const SIGNATURE: &str = "X-Amz-Signature";
const SECURITY_TOKEN: &str = "X-Amz-Security-Token";
const VERSION_ID: &str = "versionId";
const OPERATION: &str = "x-id";

/// Other parameters that a presigned `GetObject` can have, in lower case.
///
/// Any other parameter can change what S3 does with the object (`tagging`, `acl`, `attributes`, `uploadId`),
/// and its response would not prove a permission to read the object.
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html>
const HARMLESS_HEADERS: &[&str] = &[
    "x-amz-checksum-mode",
    "x-amz-content-sha256",
    "x-amz-expected-bucket-owner",
    "x-amz-request-payer",
    "x-amz-user-agent",
];
/// The headers of the response that a `GetObject` can override.
const RESPONSE_OVERRIDES: &[&str] = &[
    "response-cache-control",
    "response-content-disposition",
    "response-content-encoding",
    "response-content-language",
    "response-content-type",
    "response-expires",
];
const SIGNATURE_PARAMETERS: &[&str] =
    &[ALGORITHM, CREDENTIAL, DATE, EXPIRES, SIGNED_HEADERS, SIGNATURE, SECURITY_TOKEN];

/// The maximum lifetime of a presigned URL, seven days.
const MAXIMUM_EXPIRES: i64 = 604_800;

/// The parts of a valid query that are used.
pub(super) struct SignatureQuery {
    pub(super) expires_at: i64,
    pub(super) version_id: Option<String>,
    /// The region of the signature, which is that of the bucket.
    pub(super) region: String,
}

impl SignatureQuery {
    pub(super) fn parse(query: &str) -> Result<Self, S3UrlError> {
        let parameters = Parameters::parse(query)?;
        if parameters.has("AWSAccessKeyId") || (parameters.has("Signature") && !parameters.has(SIGNATURE)) {
            return Err(S3UrlError::SignatureVersion2);
        }
        parameters.check(ALGORITHM, |algorithm| algorithm == "AWS4-HMAC-SHA256")?;
        let date = parameters.once(DATE)?;
        let signed_at = parse_date(date).ok_or(S3UrlError::Parameter(DATE))?;
        let region = region_of(parameters.once(CREDENTIAL)?, date)
            .ok_or(S3UrlError::Parameter(CREDENTIAL))?
            .to_owned();
        parameters.check(SIGNED_HEADERS, |headers| headers.split(';').any(|header| header == "host"))?;
        parameters.check(SIGNATURE, |signature| {
            signature.len() == 64 && signature.bytes().all(|byte| byte.is_ascii_hexdigit())
        })?;
        if parameters.has(SECURITY_TOKEN) {
            parameters.check(SECURITY_TOKEN, |token| !token.is_empty())?;
        }
        let expires = parameters.once(EXPIRES)?;
        let is_number = expires.bytes().all(|byte| byte.is_ascii_digit());
        let expires = expires
            .parse::<i64>()
            .ok()
            .filter(|expires| is_number && (1..=MAXIMUM_EXPIRES).contains(expires))
            .ok_or(S3UrlError::Parameter(EXPIRES))?;
        // S3 rejects a blank version.
        let version_id = if parameters.has(VERSION_ID) {
            parameters.check(VERSION_ID, |version| !version.is_empty())?;
            Some(parameters.once(VERSION_ID)?.to_owned())
        } else {
            None
        };
        if parameters.has(OPERATION) {
            parameters.check(OPERATION, |operation| operation == "GetObject")?;
        }
        parameters.reject_unknown()?;
        Ok(Self { expires_at: signed_at + expires, version_id, region })
    }
}

/// Returns the Unix seconds of a date such as `20260101T000000Z`.
///
/// Its form is checked as well, because `chrono` accepts shorter numbers and leading white space.
fn parse_date(date: &str) -> Option<i64> {
    let has_form = date.len() == 16
        && date.bytes().enumerate().all(|(index, byte)| match index {
            8 => byte == b'T',
            15 => byte == b'Z',
            _ => byte.is_ascii_digit(),
        });
    let parsed = NaiveDateTime::parse_from_str(date, "%Y%m%dT%H%M%SZ").ok().filter(|_| has_form)?;
    Some(parsed.and_utc().timestamp())
}

/// Returns the region in a credential of this date.
///
/// Its form is `{access key}/{date}/{region}/s3/aws4_request`.
fn region_of<'a>(credential: &'a str, date: &str) -> Option<&'a str> {
    let parts: Vec<&str> = credential.split('/').collect();
    let [key, credential_date, region, "s3", "aws4_request"] = parts.as_slice() else { return None };
    let is_word = |word: &str| {
        !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    };
    let is_valid = is_word(key) && date.get(..8) == Some(credential_date) && is_word(region);
    is_valid.then_some(region)
}

/// Decoded parameters.
///
/// They are counted case-insensitively, so no parser finds a second value that was not checked.
struct Parameters(BTreeMap<String, Vec<(String, String)>>);

impl Parameters {
    fn parse(query: &str) -> Result<Self, S3UrlError> {
        let mut parameters: BTreeMap<String, Vec<(String, String)>> = BTreeMap::new();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            if !has_whole_escapes(pair) {
                return Err(S3UrlError::Parameter("percent-encoding"));
            }
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let decode = |text| {
                let decoded = percent_decode_str(text).decode_utf8();
                decoded.map(String::from).map_err(|_| S3UrlError::Parameter("percent-encoding"))
            };
            let name = decode(name)?;
            parameters.entry(name.to_ascii_lowercase()).or_default().push((name, decode(value)?));
        }
        Ok(Self(parameters))
    }

    fn has(&self, name: &str) -> bool {
        self.0.contains_key(&name.to_ascii_lowercase())
    }

    /// Returns the value of a parameter that exists once, as S3 spells it.
    fn once(&self, name: &'static str) -> Result<&str, S3UrlError> {
        match self.0.get(&name.to_ascii_lowercase()).map(Vec::as_slice) {
            Some([(spelled, value)]) if spelled == name => Ok(value),
            _ => Err(S3UrlError::Parameter(name)),
        }
    }

    /// Rejects parameters that a plain `GetObject` does not have.
    fn reject_unknown(&self) -> Result<(), S3UrlError> {
        let is_known = |folded: &str, name: &str| {
            [VERSION_ID, OPERATION, "partNumber"].contains(&name)
                || RESPONSE_OVERRIDES.contains(&name)
                || SIGNATURE_PARAMETERS.contains(&name)
                || HARMLESS_HEADERS.contains(&folded)
        };
        let mut all =
            self.0.iter().flat_map(|(folded, values)| values.iter().map(move |value| (folded, value)));
        match all.find(|(folded, (name, _))| !is_known(folded, name)) {
            None => Ok(()),
            Some((_, (name, _))) => Err(S3UrlError::UnknownParameter(name.chars().take(64).collect())),
        }
    }

    fn check(&self, name: &'static str, is_valid: impl FnOnce(&str) -> bool) -> Result<(), S3UrlError> {
        if is_valid(self.once(name)?) { Ok(()) } else { Err(S3UrlError::Parameter(name)) }
    }
}
