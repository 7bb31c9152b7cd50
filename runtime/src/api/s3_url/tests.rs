//! Valid and hostile URLs. The crate `fuzz` has the properties of every URL.

mod good;
mod hostile;

use super::{PresignedUrl, S3UrlError, S3UrlRules};
use crate::configuration::AllowedBuckets;

const QUERY: &str = "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKID%2F20260101%2Fus-east-1%2Fs3%2Faws4_request\
                     &X-Amz-Date=20260101T000000Z&X-Amz-Expires=3600&X-Amz-SignedHeaders=host\
                     &X-Amz-Signature=0123456789abcdef0123456789abcdef0123456789abcdef01234567aaaaaaaa";
const OBJECT: &str = "https://bucket.s3.amazonaws.com/key";
const ENDPOINT: &str = "http://127.0.0.1:4566";
/// 2026-01-01T00:30:00Z, half an hour after the URLs were signed.
const NOW: i64 = 1_767_227_400;

fn parse_at(endpoint: &str, url: &str, query: &str) -> Result<PresignedUrl, S3UrlError> {
    let allowed: Vec<_> = good::OBJECTS.iter().map(|(_, bucket, _)| (*bucket).to_owned()).collect();
    let rules = S3UrlRules { allowed_buckets: &AllowedBuckets::Only(allowed), endpoint: Some(endpoint) };
    PresignedUrl::parse(&format!("{url}?{query}"), &rules, NOW)
}

fn parse(url: &str, query: &str) -> Result<PresignedUrl, S3UrlError> {
    parse_at(ENDPOINT, url, query)
}

/// Returns the valid query with one change.
fn changed(from: &str, to: &str) -> String {
    assert!(QUERY.contains(from), "{from} is not in the query");
    QUERY.replace(from, to)
}

#[test]
fn valid_url_names_its_object() {
    for (url, bucket, key) in good::OBJECTS {
        for endpoint in [ENDPOINT, "http://127.0.0.1:4566/"] {
            let parsed = parse_at(endpoint, url, QUERY).unwrap_or_else(|error| panic!("{url}: {error}"));
            assert_eq!((parsed.bucket(), parsed.key()), (*bucket, *key), "{url}");
            assert_eq!(parsed.as_str(), format!("{url}?{QUERY}"));
        }
    }
}

#[test]
fn valid_query_is_accepted() {
    for (from, to) in good::CHANGES {
        assert_eq!(parse(OBJECT, &changed(from, to)).err(), None, "{from} -> {to}");
    }
    for parameter in good::PARAMETERS {
        for query in [format!("{parameter}&{QUERY}"), format!("{QUERY}&{parameter}")] {
            assert_eq!(parse(OBJECT, &query).err(), None, "{parameter}");
        }
    }
}

#[test]
fn hostile_url_is_rejected_with_the_reason() {
    for (url, rule) in hostile::URLS {
        assert_eq!(parse(url, QUERY).err().as_ref(), Some(rule), "{url:?}");
    }
}

#[test]
fn hostile_query_is_rejected_with_the_reason() {
    for (from, to, rule) in hostile::QUERIES {
        assert_eq!(parse(OBJECT, &changed(from, to)).err().as_ref(), Some(rule), "{from} -> {to}");
    }
    for name in hostile::PARAMETERS {
        let rule = S3UrlError::UnknownParameter((*name).to_owned());
        for query in [format!("{name}&{QUERY}"), format!("{QUERY}&{name}=x")] {
            assert_eq!(parse(OBJECT, &query).err().as_ref(), Some(&rule), "{name}");
        }
    }
}

#[test]
fn error_truncates_a_long_name() {
    let refused = parse(OBJECT, &format!("{QUERY}&{}", "x".repeat(100)));
    assert_eq!(refused.err(), Some(S3UrlError::UnknownParameter("x".repeat(64))));
}

#[test]
fn region_version_and_expiry_are_read() {
    let parsed = parse(OBJECT, &format!("{QUERY}&versionId=a%2Fb")).unwrap();
    assert_eq!((parsed.region(), parsed.version_id()), ("us-east-1", Some("a/b")));
    assert_eq!(parsed.expires_at(), 1_767_229_200);
}
