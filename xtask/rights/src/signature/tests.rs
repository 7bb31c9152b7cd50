//! Signatures of AWS's documents, and requests that clients get wrong.

use chrono::{DateTime, Utc};
use http::Request;
use http::request::Parts;

use super::{Signature, SignatureError};
use crate::identity::Credentials;
use crate::service::Service;

const EMPTY: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

fn credentials(secret_access_key: &str, session_token: Option<&str>) -> Credentials {
    serde_json::from_value(serde_json::json!({
        "access_key_id": "AKIDEXAMPLE",
        "secret_access_key": secret_access_key,
        "session_token": session_token,
    }))
    .unwrap()
}

fn parts(uri: &str, headers: &[(&str, &str)]) -> Parts {
    let request =
        headers.iter().fold(Request::get(uri), |request, (name, value)| request.header(*name, *value));
    request.body(()).unwrap().into_parts().0
}

fn at(time: &str) -> DateTime<Utc> {
    time.parse().unwrap()
}

/// A request of the documentation of S3, with these headers besides:
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html>.
fn documented_get(more: &[(&str, &str)]) -> Parts {
    let headers = [
        ("host", "examplebucket.s3.amazonaws.com"),
        ("range", "bytes=0-9"),
        ("x-amz-content-sha256", EMPTY),
        ("x-amz-date", "20130524T000000Z"),
        (
            "authorization",
            "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,\
             SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,\
             Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
        ),
    ];
    parts("/test.txt", &[&headers, more].concat())
}

const DOCUMENTED_SECRET: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";

fn verify(parts: &Parts, hash: &str, credentials: &Credentials, now: &str) -> Result<(), SignatureError> {
    let signature = Signature::parse(parts)?.unwrap();
    signature.verify(parts, Service::S3, hash, credentials, at(now))
}

#[test]
fn documented_request_in_a_header_is_accepted() {
    let credentials = credentials(DOCUMENTED_SECRET, None);
    verify(&documented_get(&[]), EMPTY, &credentials, "2013-05-24T00:00:00Z").unwrap();
}

/// <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html>
fn documented_url(path: &str) -> Parts {
    let query = "X-Amz-Algorithm=AWS4-HMAC-SHA256\
        &X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request\
        &X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host\
        &X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404";
    parts(&format!("{path}?{query}"), &[("host", "examplebucket.s3.amazonaws.com")])
}

#[test]
fn documented_presigned_url_is_accepted_until_it_expires() {
    let credentials = credentials(DOCUMENTED_SECRET, None);
    let verify = |path, now| verify(&documented_url(path), "UNSIGNED-PAYLOAD", &credentials, now);
    assert_eq!(verify("/test.txt", "2013-05-25T00:00:00Z"), Ok(()));
    assert_eq!(verify("/test.txt", "2013-05-25T00:00:01Z"), Err(SignatureError::Expired));
    assert_eq!(verify("/test.txt", "2013-05-23T23:00:00Z"), Err(SignatureError::NotYetValid));
    assert_eq!(verify("/other.txt", "2013-05-24T00:00:00Z"), Err(SignatureError::Mismatch));
}

/// The request `get-vanilla` of AWS's test suite for Signature Version 4.
#[test]
fn documented_request_to_another_service_is_accepted() {
    let parts = parts(
        "/",
        &[
            ("host", "example.amazonaws.com"),
            ("x-amz-date", "20150830T123600Z"),
            (
                "authorization",
                "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, \
             SignedHeaders=host;x-amz-date, \
             Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
            ),
        ],
    );
    let signature = Signature::parse(&parts).unwrap().unwrap();
    let credentials = credentials("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", None);
    let verify = |now| signature.verify(&parts, Service::Sqs, EMPTY, &credentials, at(now));
    assert_eq!(verify("2015-08-30T12:40:00Z"), Ok(()));
    assert!(matches!(verify("2015-08-30T12:42:00Z"), Err(SignatureError::Skewed { .. })));
}

#[test]
fn clock_that_is_twenty_minutes_off_is_refused() {
    let credentials = credentials(DOCUMENTED_SECRET, None);
    for now in ["2013-05-24T00:20:00Z", "2013-05-23T23:40:00Z"] {
        let outcome = verify(&documented_get(&[]), EMPTY, &credentials, now);
        assert!(matches!(outcome, Err(SignatureError::Skewed { .. })), "{outcome:?}");
    }
}

#[test]
fn other_secret_or_body_is_refused() {
    let now = "2013-05-24T00:00:00Z";
    let other = credentials("other", None);
    assert_eq!(verify(&documented_get(&[]), EMPTY, &other, now), Err(SignatureError::Mismatch));
    let right = credentials(DOCUMENTED_SECRET, None);
    assert_eq!(verify(&documented_get(&[]), "other", &right, now), Err(SignatureError::Mismatch));
}

#[test]
fn session_needs_its_token() {
    let now = "2013-05-24T00:00:00Z";
    let session = credentials(DOCUMENTED_SECRET, Some("token"));
    assert_eq!(verify(&documented_get(&[]), EMPTY, &session, now), Err(SignatureError::UnknownAccessKey));
    let other = documented_get(&[("x-amz-security-token", "other")]);
    assert_eq!(verify(&other, EMPTY, &session, now), Err(SignatureError::InvalidToken));
    let user = credentials(DOCUMENTED_SECRET, None);
    assert_eq!(verify(&other, EMPTY, &user, now), Err(SignatureError::InvalidToken));
}

#[test]
fn header_that_changes_a_request_is_signed() {
    let parts = documented_get(&[("x-amz-copy-source", "/other/object")]);
    let outcome = verify(&parts, EMPTY, &credentials(DOCUMENTED_SECRET, None), "2013-05-24T00:00:00Z");
    assert_eq!(outcome, Err(SignatureError::UnsignedHeader("x-amz-copy-source".to_owned())));
}

#[test]
fn two_kinds_of_signatures_are_refused() {
    let mut url = documented_url("/test.txt");
    url.headers.insert("authorization", documented_get(&[]).headers["authorization"].clone());
    assert_eq!(Signature::parse(&url).unwrap_err(), SignatureError::TwoKinds);
}

#[test]
fn what_is_not_a_signature_is_malformed() {
    assert!(Signature::parse(&parts("/test.txt", &[])).unwrap().is_none());
    for header in ["Basic dTpw", "AWS4-HMAC-SHA256 Credential=a/b/c", "AWS4-HMAC-SHA256", ""] {
        let outcome = Signature::parse(&parts("/", &[("authorization", header)]));
        assert!(matches!(outcome, Err(SignatureError::Malformed(_))), "{header}: {outcome:?}");
    }
    let week = "/?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Expires=x&X-Amz-Signature=1";
    assert!(matches!(Signature::parse(&parts(week, &[])), Err(SignatureError::Malformed(_))));
}

#[test]
fn what_our_own_programs_sign_is_accepted() {
    let session = credentials("secret", Some("token"));
    let headers = [("x-amz-target", "AmazonSQS.SendMessage"), ("accept", "*/*")];
    for (service, name) in [(Service::S3, "s3"), (Service::Sqs, "sqs")] {
        let mut parts = parts("http://127.0.0.1:4566/bucket/a%20b~%C3%BC?versions&prefix=a%2Fb", &headers);
        super::sign(&mut parts, b"body", name, "us-east-1", &session, at("2026-11-28T12:00:00Z")).unwrap();
        let hash = parts.headers["x-amz-content-sha256"].to_str().unwrap().to_owned();
        let signature = Signature::parse(&parts).unwrap().unwrap();
        assert_eq!(signature.verify(&parts, service, &hash, &session, at("2026-11-28T12:01:00Z")), Ok(()));
    }
}
