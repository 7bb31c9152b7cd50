//! Reads the parts of a signature from the header or the query.

use chrono::{DateTime, NaiveDateTime, Utc};
use http::HeaderMap;
use http::header::AUTHORIZATION;
use http::request::Parts;

use super::{Location, Scope, Signature, SignatureError};
use crate::query::Query;

const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// Reads the signature of a request, if there is one.
pub(super) fn parse(parts: &Parts) -> Result<Option<Signature>, SignatureError> {
    let query = Query::parse(parts.uri.query().unwrap_or_default());
    let header = parts.headers.get(AUTHORIZATION);
    let is_presigned = query.get("X-Amz-Signature").is_some() || query.get("X-Amz-Algorithm").is_some();
    match (header, is_presigned) {
        (Some(_), true) => Err(SignatureError::TwoKinds),
        (Some(header), false) => {
            let header = header.to_str().map_err(|_| SignatureError::Malformed("it is not text"))?;
            from_header(header, &parts.headers).map(Some)
        }
        (None, true) => from_query(&query).map(Some),
        (None, false) => Ok(None),
    }
}

fn from_header(header: &str, headers: &HeaderMap) -> Result<Signature, SignatureError> {
    let fields = header
        .strip_prefix(ALGORITHM)
        .ok_or(SignatureError::Malformed("the algorithm is not AWS4-HMAC-SHA256"))?;
    let field = |name: &'static str| {
        let mut fields = fields.split(',').filter_map(|field| field.trim().split_once('='));
        fields.find(|(key, _)| *key == name).map(|(_, value)| value)
    };
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    signature(
        field("Credential"),
        field("SignedHeaders"),
        field("Signature"),
        text("x-amz-date"),
        text("x-amz-security-token"),
        Location::Header,
    )
}

fn from_query(query: &Query) -> Result<Signature, SignatureError> {
    if query.get("X-Amz-Algorithm") != Some(ALGORITHM) {
        return Err(SignatureError::Malformed("the algorithm is not AWS4-HMAC-SHA256"));
    }
    let expires = query.get("X-Amz-Expires").and_then(|seconds| seconds.parse().ok());
    let expires = expires.ok_or(SignatureError::Malformed("X-Amz-Expires is not a number"))?;
    signature(
        query.get("X-Amz-Credential"),
        query.get("X-Amz-SignedHeaders"),
        query.get("X-Amz-Signature"),
        query.get("X-Amz-Date"),
        query.get("X-Amz-Security-Token"),
        Location::Query { expires },
    )
}

fn signature(
    credential: Option<&str>,
    signed_headers: Option<&str>,
    value: Option<&str>,
    time: Option<&str>,
    session_token: Option<&str>,
    location: Location,
) -> Result<Signature, SignatureError> {
    let credential = credential.ok_or(SignatureError::Malformed("there is no Credential"))?;
    let signed_headers = signed_headers.ok_or(SignatureError::Malformed("there are no SignedHeaders"))?;
    let value = value.ok_or(SignatureError::Malformed("there is no Signature"))?;
    let time = time.ok_or(SignatureError::Malformed("there is no X-Amz-Date"))?;
    // Neither an access key id nor a service contains a slash.
    let parts: Vec<&str> = credential.split('/').collect();
    let [access_key_id, date, region, service, "aws4_request"] = parts[..] else {
        return Err(SignatureError::Malformed("the Credential is not KEY/DATE/REGION/SERVICE/aws4_request"));
    };
    let scope = Scope { date: date.to_owned(), region: region.to_owned(), service: service.to_owned() };
    Ok(Signature {
        access_key_id: access_key_id.to_owned(),
        scope,
        location,
        signed_headers: signed_headers.split(';').map(str::to_lowercase).collect(),
        value: value.to_owned(),
        time: parse_time(time).ok_or(SignatureError::Malformed("the time is not YYYYMMDDTHHMMSSZ"))?,
        session_token: session_token.map(str::to_owned),
    })
}

fn parse_time(text: &str) -> Option<DateTime<Utc>> {
    NaiveDateTime::parse_from_str(text, "%Y%m%dT%H%M%SZ").ok().map(|time| time.and_utc())
}
