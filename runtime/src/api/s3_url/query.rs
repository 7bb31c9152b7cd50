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

/// The longest life of a presigned URL: seven days.
const MAXIMUM_EXPIRES: i64 = 604_800;

/// What we need of a query that has passed.
pub(super) struct SignatureQuery {
    pub(super) expires_at: i64,
    pub(super) version_id: Option<String>,
}

impl SignatureQuery {
    pub(super) fn parse(query: &str) -> Result<Self, S3UrlError> {
        let parameters = Parameters::parse(query)?;
        if parameters.has("AWSAccessKeyId") || (parameters.has("Signature") && !parameters.has(SIGNATURE)) {
            return Err(S3UrlError::SignatureVersion2);
        }
        parameters.check(ALGORITHM, |algorithm| algorithm == "AWS4-HMAC-SHA256")?;
        let date = parameters.once(DATE)?;
        let signed_at = NaiveDateTime::parse_from_str(date, "%Y%m%dT%H%M%SZ")
            .ok()
            .filter(|_| date.len() == "20260101T000000Z".len())
            .ok_or(S3UrlError::Parameter(DATE))?;
        parameters.check(CREDENTIAL, |credential| is_credential(credential, &date[..8]))?;
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
        let version_id =
            if parameters.has(VERSION_ID) { Some(parameters.once(VERSION_ID)?.to_owned()) } else { None };
        Ok(Self { expires_at: signed_at.and_utc().timestamp() + expires, version_id })
    }
}

/// `{access key}/{date}/{region}/s3/aws4_request`
fn is_credential(credential: &str, date: &str) -> bool {
    let parts: Vec<&str> = credential.split('/').collect();
    let [key, credential_date, region, service, terminator] = parts.as_slice() else { return false };
    let is_word = |word: &str| {
        !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    };
    is_word(key)
        && *credential_date == date
        && is_word(region)
        && *service == "s3"
        && *terminator == "aws4_request"
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

    fn check(&self, name: &'static str, is_valid: impl FnOnce(&str) -> bool) -> Result<(), S3UrlError> {
        if is_valid(self.once(name)?) { Ok(()) } else { Err(S3UrlError::Parameter(name)) }
    }
}
