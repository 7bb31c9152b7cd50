//! Good URLs pass, hostile ones are refused for the right reason. What must hold of any URL is in the crate `fuzz`.

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

fn judge_at(endpoint: &str, url: &str, query: &str) -> Result<PresignedUrl, S3UrlError> {
    let allowed: Vec<_> = good::OBJECTS.iter().map(|(_, bucket, _)| (*bucket).to_owned()).collect();
    let rules = S3UrlRules { allowed_buckets: &AllowedBuckets::Only(allowed), endpoint: Some(endpoint) };
    PresignedUrl::parse(&format!("{url}?{query}"), &rules, NOW)
}

fn judge(url: &str, query: &str) -> Result<PresignedUrl, S3UrlError> {
    judge_at(ENDPOINT, url, query)
}

/// The good query with one change in it.
fn changed(from: &str, to: &str) -> String {
    assert!(QUERY.contains(from), "{from} is not in the query");
    QUERY.replace(from, to)
}

#[test]
fn good_urls_name_their_object() {
    for (url, bucket, key) in good::OBJECTS {
        for endpoint in [ENDPOINT, "http://127.0.0.1:4566/"] {
            let judged = judge_at(endpoint, url, QUERY).unwrap_or_else(|error| panic!("{url}: {error}"));
            assert_eq!((judged.bucket(), judged.key()), (*bucket, *key), "{url}");
            assert_eq!(judged.as_str(), format!("{url}?{QUERY}"));
        }
    }
}

#[test]
fn good_queries_pass() {
    for (from, to) in good::CHANGES {
        assert_eq!(judge(OBJECT, &changed(from, to)).err(), None, "{from} -> {to}");
    }
    for parameter in good::PARAMETERS {
        for query in [format!("{parameter}&{QUERY}"), format!("{QUERY}&{parameter}")] {
            assert_eq!(judge(OBJECT, &query).err(), None, "{parameter}");
        }
    }
}

#[test]
fn hostile_urls_are_refused_for_the_right_reason() {
    for (url, rule) in hostile::URLS {
        assert_eq!(judge(url, QUERY).err().as_ref(), Some(rule), "{url:?}");
    }
}

#[test]
fn hostile_queries_are_refused_for_the_right_reason() {
    for (from, to, rule) in hostile::QUERIES {
        assert_eq!(judge(OBJECT, &changed(from, to)).err().as_ref(), Some(rule), "{from} -> {to}");
    }
    for name in hostile::PARAMETERS {
        let rule = S3UrlError::UnknownParameter((*name).to_owned());
        for query in [format!("{name}&{QUERY}"), format!("{QUERY}&{name}=x")] {
            assert_eq!(judge(OBJECT, &query).err().as_ref(), Some(&rule), "{name}");
        }
    }
}

#[test]
fn a_long_name_is_not_repeated_in_full() {
    let refused = judge(OBJECT, &format!("{QUERY}&{}", "x".repeat(100)));
    assert_eq!(refused.err(), Some(S3UrlError::UnknownParameter("x".repeat(64))));
}

#[test]
fn the_signature_tells_region_version_and_end() {
    let judged = judge(OBJECT, &format!("{QUERY}&versionId=a%2Fb")).unwrap();
    assert_eq!((judged.region(), judged.version_id()), ("us-east-1", Some("a/b")));
    assert_eq!(judged.expires_at(), 1_767_229_200);
}
