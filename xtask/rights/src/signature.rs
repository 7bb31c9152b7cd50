//! Signature Version 4 of requests, in a header or in the query of a presigned URL.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html>

mod authorization;
mod canonical;
mod client;
mod error;
mod key;

#[cfg(test)]
mod tests;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use chrono::{DateTime, TimeDelta, Utc};
use http::request::Parts;

pub use client::sign;
pub(crate) use error::SignatureError;
pub(crate) use key::{hex, sha256};

use crate::identity::{Credentials, Secret};
use crate::service::Service;

/// How much older or newer than now a request to S3 may be:
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html> (RequestTimeTooSkewed).
const S3_TOLERANCE: TimeDelta = TimeDelta::minutes(15);
/// The same for the other services:
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html> ("within five minutes of the time stamp").
const TOLERANCE: TimeDelta = TimeDelta::minutes(5);
/// The longest time for which a URL can be presigned:
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html>.
const LONGEST_EXPIRES: u32 = 604_800;

/// Where the signature of a request is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Location {
    /// In the header `Authorization`.
    Header,
    /// In the query, valid for this many seconds.
    Query { expires: u32 },
}

/// What a signature is for: `DATE/REGION/SERVICE/aws4_request`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Scope {
    pub(crate) date: String,
    pub(crate) region: String,
    pub(crate) service: String,
}

impl Scope {
    fn text(&self) -> String {
        format!("{}/{}/{}/aws4_request", self.date, self.region, self.service)
    }

    fn text_to_sign(&self, time: &str, hash: &str) -> String {
        format!("AWS4-HMAC-SHA256\n{time}\n{}\n{hash}", self.text())
    }
}

/// The signature of a request, as the client sent it.
#[derive(Clone, Debug)]
pub(crate) struct Signature {
    pub(crate) access_key_id: String,
    pub(crate) scope: Scope,
    location: Location,
    /// The names in lower case, in the order of the client.
    signed_headers: Vec<String>,
    /// Hexadecimal.
    value: String,
    time: DateTime<Utc>,
    session_token: Option<String>,
}

impl Signature {
    /// Reads the signature of a request, if there is one.
    pub(crate) fn parse(parts: &Parts) -> Result<Option<Self>, SignatureError> {
        authorization::parse(parts)
    }

    /// Whether the request is a presigned URL.
    pub(crate) const fn is_presigned(&self) -> bool {
        matches!(self.location, Location::Query { .. })
    }

    /// Checks that a client with these credentials signed this request, now.
    ///
    /// `payload_hash` is the hash of the body that the client signed, in hexadecimal digits, or `UNSIGNED-PAYLOAD`.
    pub(crate) fn verify(
        &self,
        parts: &Parts,
        service: Service,
        payload_hash: &str,
        credentials: &Credentials,
        now: DateTime<Utc>,
    ) -> Result<(), SignatureError> {
        self.check_token(credentials)?;
        self.check_time(service, now)?;
        self.check_signed_headers(parts)?;
        let request =
            canonical::Request { parts, service, signed_headers: &self.signed_headers, payload_hash };
        let time = self.time.format("%Y%m%dT%H%M%SZ").to_string();
        let text = self.scope.text_to_sign(&time, &request.hash());
        let expected = key::signature(credentials.secret_access_key.expose(), &self.scope, &text);
        verify_slices_are_equal(expected.as_bytes(), self.value.as_bytes())
            .map_err(|_| SignatureError::Mismatch)
    }

    fn check_token(&self, credentials: &Credentials) -> Result<(), SignatureError> {
        let expected = credentials.session_token.as_ref().map(Secret::expose);
        match (&self.session_token, expected) {
            (None, None) => Ok(()),
            (Some(sent), Some(expected))
                if verify_slices_are_equal(sent.as_bytes(), expected.as_bytes()).is_ok() =>
            {
                Ok(())
            }
            // A temporary key without its token is treated as one that does not exist.
            (None, Some(_)) => Err(SignatureError::UnknownAccessKey),
            _ => Err(SignatureError::InvalidToken),
        }
    }

    fn check_time(&self, service: Service, now: DateTime<Utc>) -> Result<(), SignatureError> {
        if self.scope.date != self.time.format("%Y%m%d").to_string() {
            return Err(SignatureError::Malformed(
                "the date of the credential scope is not that of the request",
            ));
        }
        let tolerance = if service == Service::S3 { S3_TOLERANCE } else { TOLERANCE };
        let age = now - self.time;
        match self.location {
            Location::Header if age.abs() > tolerance => Err(SignatureError::Skewed { sent: self.time, now }),
            Location::Query { expires } if expires > LONGEST_EXPIRES => Err(SignatureError::ExpiresTooLong),
            // https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html (AccessDenied: not yet valid).
            Location::Query { .. } if age < -tolerance => Err(SignatureError::NotYetValid),
            Location::Query { expires } if age > TimeDelta::seconds(expires.into()) => {
                Err(SignatureError::Expired)
            }
            _ => Ok(()),
        }
    }

    /// Checks that all headers that affect a request are signed.
    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html>
    fn check_signed_headers(&self, parts: &Parts) -> Result<(), SignatureError> {
        let is_signed = |name: &str| self.signed_headers.iter().any(|signed| signed == name);
        if !is_signed("host") {
            return Err(SignatureError::Malformed("the header host is not signed"));
        }
        let unsigned = parts
            .headers
            .keys()
            .find(|name| name.as_str().starts_with("x-amz-") && !is_signed(name.as_str()));
        match unsigned {
            Some(name) => Err(SignatureError::UnsignedHeader(name.to_string())),
            None => Ok(()),
        }
    }
}
