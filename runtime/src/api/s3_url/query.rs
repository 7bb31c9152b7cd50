//! The query of a URL presigned with Signature Version 4:
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html>.

use std::collections::BTreeMap;

use chrono::NaiveDateTime;
use percent_encoding::percent_decode_str;

use super::{S3UrlError, has_whole_escapes};

const ALGORITHM: &str = "X-Amz-Algorithm";
const CREDENTIAL: &str = "X-Amz-Credential";
const DATE: &str = "X-Amz-Date";
const EXPIRES: &str = "X-Amz-Expires";
const SIGNED_HEADERS: &str = "X-Amz-SignedHeaders";
const SIGNATURE: &str = "X-Amz-Signature";
const SECURITY_TOKEN: &str = "X-Amz-Security-Token";
const VERSION_ID: &str = "versionId";
const OPERATION: &str = "x-id";

/// What else a presigned `GetObject` may carry, in small letters. Any other parameter can make S3 do something else with
/// the object (`tagging`, `acl`, `attributes`, `uploadId`): its answer then proves no right to read the object itself.
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html>
const HARMLESS_HEADERS: &[&str] = &[
    "x-amz-checksum-mode",
    "x-amz-content-sha256",
    "x-amz-expected-bucket-owner",
    "x-amz-request-payer",
    "x-amz-user-agent",
];
/// The headers of the answer that a `GetObject` may override.
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

/// The longest life of a presigned URL: seven days.
const MAXIMUM_EXPIRES: i64 = 604_800;

/// What we need of a query that has passed.
pub(super) struct SignatureQuery {
    pub(super) expires_at: i64,
    pub(super) version_id: Option<String>,
    /// The region that the signature is for, which is that of the bucket.
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
        // A blank one S3 refuses itself.
        let version_id = if parameters.has(VERSION_ID) {
            parameters.check(VERSION_ID, |version| !version.is_empty())?;
            Some(parameters.once(VERSION_ID)?.to_owned())
        } else {
            None
        };
        if parameters.has(OPERATION) {
            parameters.check(OPERATION, |operation| operation == "GetObject")?;
        }
        parameters.refuse_unknown()?;
        Ok(Self { expires_at: signed_at + expires, version_id, region })
    }
}

/// The Unix seconds of a date such as `20260101T000000Z`. Its shape is checked first: `chrono` takes shorter numbers,
/// and any Unicode white space in front of them.
fn parse_date(date: &str) -> Option<i64> {
    let has_shape = date.len() == 16
        && date.bytes().enumerate().all(|(index, byte)| match index {
            8 => byte == b'T',
            15 => byte == b'Z',
            _ => byte.is_ascii_digit(),
        });
    let parsed = NaiveDateTime::parse_from_str(date, "%Y%m%dT%H%M%SZ").ok().filter(|_| has_shape)?;
    Some(parsed.and_utc().timestamp())
}

/// The region in a credential, `{access key}/{date}/{region}/s3/aws4_request`, where it is one of this date.
fn region_of<'a>(credential: &'a str, date: &str) -> Option<&'a str> {
    let parts: Vec<&str> = credential.split('/').collect();
    let [key, credential_date, region, "s3", "aws4_request"] = parts.as_slice() else { return None };
    let is_word = |word: &str| {
        !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    };
    let is_valid = is_word(key) && date.get(..8) == Some(credential_date) && is_word(region);
    is_valid.then_some(region)
}

/// Decoded parameters. Names are told apart without regard to case when they are counted, so that no reader can find a
/// second value that we have not judged.
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

    /// The value of a parameter that is there exactly once, spelled as S3 spells it.
    fn once(&self, name: &'static str) -> Result<&str, S3UrlError> {
        match self.0.get(&name.to_ascii_lowercase()).map(Vec::as_slice) {
            Some([(spelled, value)]) if spelled == name => Ok(value),
            _ => Err(S3UrlError::Parameter(name)),
        }
    }

    /// Refuse what is not known to leave a request a plain `GetObject`.
    fn refuse_unknown(&self) -> Result<(), S3UrlError> {
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
