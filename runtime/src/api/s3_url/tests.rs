//! Good URLs pass, hostile ones are refused for the right reason.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use proptest::prelude::*;

use super::{PresignedUrl, S3UrlError, S3UrlRules};
use crate::configuration::AllowedBuckets;

const QUERY: &str = "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKID%2F20260101%2Fus-east-1%2Fs3%2Faws4_request\
                     &X-Amz-Date=20260101T000000Z&X-Amz-Expires=3600&X-Amz-SignedHeaders=host&X-Amz-Signature=";
const SIGNATURE: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
/// 2026-01-01T00:30:00Z, half an hour after the URLs were signed.
const NOW: i64 = 1_767_227_400;

fn judge(base: &str, query: &str) -> Result<PresignedUrl, S3UrlError> {
    let allowed = AllowedBuckets::Only(vec!["bucket".to_owned(), "my.bucket".to_owned()]);
    let rules = S3UrlRules { allowed_buckets: &allowed, endpoint: Some("http://127.0.0.1:4566") };
    PresignedUrl::parse(&format!("{base}{query}"), &rules, NOW)
}

fn signed(base: &str) -> Result<PresignedUrl, S3UrlError> {
    judge(base, &format!("?{QUERY}{SIGNATURE}"))
}

#[test]
fn every_form_of_an_endpoint_is_s3() {
    for host in [
        "bucket.s3.amazonaws.com/key",
        "s3.amazonaws.com/bucket/key",
        "bucket.s3.us-east-1.amazonaws.com/key",
        "s3.af-south-1.amazonaws.com/bucket/key",
        "s3-eu-west-1.amazonaws.com/bucket/key",
        "bucket.s3-us-west-2.amazonaws.com/key",
        "bucket.s3.dualstack.us-east-1.amazonaws.com/key",
        "bucket.s3-fips.us-gov-west-1.amazonaws.com/key",
        "bucket.s3-fips.dualstack.us-east-1.amazonaws.com/key",
        "bucket.s3-accelerate.amazonaws.com/key",
        "bucket.s3-accelerate.dualstack.amazonaws.com/key",
        "bucket.s3.cn-north-1.amazonaws.com.cn/key",
        "bucket.S3.AmazonAWS.com/key",
    ] {
        let url = signed(&format!("https://{host}")).unwrap_or_else(|error| panic!("{host}: {error}"));
        assert_eq!((url.bucket(), url.key()), ("bucket", "key"), "{host}");
    }
    let dotted = signed("https://s3.amazonaws.com/my.bucket/a%20b/c").unwrap();
    assert_eq!((dotted.bucket(), dotted.key(), dotted.expires_at()), ("my.bucket", "a b/c", 1_767_229_200));
    assert_eq!(signed("http://127.0.0.1:4566/bucket/key").unwrap().bucket(), "bucket");
}

#[test]
fn look_alikes_are_refused() {
    for (base, reason) in [
        ("http://bucket.s3.amazonaws.com/key", S3UrlError::Scheme),
        ("https://evil.s3.amazonaws.com.attacker.net/key", S3UrlError::Host),
        ("https://bucket.s3-foo.evil.com/key", S3UrlError::Host),
        ("https://bucket.s3.amazonaws.com@evil.com/key", S3UrlError::UserInfoOrPort),
        ("https://bucket.s3.amazonaws.com:443/key", S3UrlError::UserInfoOrPort),
        ("https://bucket.s3.amazonaws.com\\@evil.com/key", S3UrlError::ForbiddenCharacter),
        ("https://bucket.s3.amazonaws.com/key#x", S3UrlError::Fragment),
        ("https://bucket.s3.amazonaws.com./key", S3UrlError::Host),
        ("https://my.bucket.s3.amazonaws.com/key", S3UrlError::Host),
        ("https://bucket.s3-website-us-east-1.amazonaws.com/key", S3UrlError::Host),
        ("https://bucket.s3.us-east-1.amazonaws.com.cn/key", S3UrlError::Host),
        ("https://ec2.amazonaws.com/bucket/key", S3UrlError::Host),
        ("https://127.0.0.1:4566/bucket/key", S3UrlError::UserInfoOrPort),
        ("http://127.0.0.1:45660/bucket/key", S3UrlError::Scheme),
        ("https://other.s3.amazonaws.com/key", S3UrlError::BucketNotAllowed),
        ("https://bucket.s3.amazonaws.com/", S3UrlError::NoKey),
        ("https://s3.amazonaws.com/bucket", S3UrlError::NoKey),
        ("https://s3.amazonaws.com//bucket/key", S3UrlError::Bucket),
        ("https://s3.amazonaws.com/bucket/../other/key", S3UrlError::Path),
        ("https://s3.amazonaws.com/bucket/%2e%2E/other/key", S3UrlError::Path),
        ("https://s3.amazonaws.com/bucket/a%2F..%2F..%2Fother", S3UrlError::Path),
        ("https://s3.amazonaws.com/bucket/%zz", S3UrlError::Path),
        ("https://s3.amazonaws.com/%62ucket/key", S3UrlError::Bucket),
        (" https://bucket.s3.amazonaws.com/key", S3UrlError::ForbiddenCharacter),
        ("https://bucket.s3.amazonaws.com/k\u{e9}y", S3UrlError::ForbiddenCharacter),
    ] {
        assert_eq!(signed(base).err(), Some(reason), "{base}");
    }
}

#[test]
fn a_query_must_be_whole_and_of_its_time() {
    let base = "https://bucket.s3.amazonaws.com/key";
    let broken = |from: &str, to: &str| judge(base, &format!("?{QUERY}{SIGNATURE}").replace(from, to)).err();
    assert_eq!(broken("nothing", ""), None);
    assert_eq!(broken("AWS4-HMAC-SHA256", "AWS4"), Some(S3UrlError::Parameter("X-Amz-Algorithm")));
    assert_eq!(broken("%2F20260101", "%2F20260102"), Some(S3UrlError::Parameter("X-Amz-Credential")));
    assert_eq!(broken("T000000Z", "T990000Z"), Some(S3UrlError::Parameter("X-Amz-Date")));
    assert_eq!(broken("=3600", "=604801"), Some(S3UrlError::Parameter("X-Amz-Expires")));
    assert_eq!(broken("=3600", "=%2B3600"), Some(S3UrlError::Parameter("X-Amz-Expires")));
    assert_eq!(broken("=3600", "=1800"), Some(S3UrlError::Expired));
    assert_eq!(broken("=host", "=range"), Some(S3UrlError::Parameter("X-Amz-SignedHeaders")));
    assert_eq!(broken("aaaa&", "&"), None);
    assert_eq!(broken(SIGNATURE, "aa"), Some(S3UrlError::Parameter("X-Amz-Signature")));
    assert_eq!(broken("X-Amz-Date", "x-amz-date"), Some(S3UrlError::Parameter("X-Amz-Date")));
    assert_eq!(
        broken("X-Amz-Expires=3600", "X-Amz-Expires=3600&X%2DAmz-expires=1"),
        Some(S3UrlError::Parameter("X-Amz-Expires"))
    );
    for date in ["20261101T00000Z", "+2026010T000000Z", "%202026011T000000Z", "20260101t000000Z"] {
        assert_eq!(broken("20260101T000000Z", date), Some(S3UrlError::Parameter("X-Amz-Date")), "{date}");
    }
    let version_2 = judge(base, "?AWSAccessKeyId=A&Expires=1&Signature=x");
    assert_eq!(version_2.err(), Some(S3UrlError::SignatureVersion2));
}

#[test]
fn a_date_with_a_character_of_several_bytes_is_refused() {
    // Sixteen bytes that chrono reads as a date, with a character across the eighth.
    let query = "?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Date=1%200101T%E3%80%8000000Z";
    let refused = judge("https://bucket.s3.amazonaws.com/key", query);
    assert_eq!(refused.err(), Some(S3UrlError::Parameter("X-Amz-Date")));
}

#[test]
fn only_the_parameters_of_a_get_are_taken() {
    let with = |parameter: &str| {
        judge("https://bucket.s3.amazonaws.com/key", &format!("?{parameter}&{QUERY}{SIGNATURE}"))
    };
    for parameter in [
        "X-Amz-Security-Token=t",
        "X-Amz-Content-Sha256=UNSIGNED-PAYLOAD",
        "x-amz-checksum-mode=ENABLED",
        "X-Amz-Checksum-Mode=ENABLED",
        "versionId=v",
        "x-id=GetObject",
        "partNumber=1",
        "response-content-disposition=attachment",
    ] {
        assert!(with(parameter).is_ok(), "{parameter}");
    }
    for name in ["tagging", "acl", "attributes", "retention", "legal-hold", "torrent", "uploadId", "Tagging"]
    {
        assert_eq!(with(&format!("{name}=x")).err(), Some(S3UrlError::UnknownParameter(name.to_owned())));
    }
    assert_eq!(with("tagging").err(), Some(S3UrlError::UnknownParameter("tagging".to_owned())));
    assert_eq!(with("x-id=GetObjectTagging").err(), Some(S3UrlError::Parameter("x-id")));
    assert_eq!(with("VersionId=v").err(), Some(S3UrlError::Parameter("versionId")));
}

#[test]
fn the_region_is_that_of_the_signature() {
    assert_eq!(signed("https://bucket.s3.amazonaws.com/key").unwrap().region(), "us-east-1");
}

proptest! {
    #[test]
    fn no_query_makes_the_judge_panic(
        date in "[0-9TZ +\u{3000}\u{e9}]{0,18}",
        credential in "\\PC{0,30}",
        rest in "[&=%A-Za-z0-9-]{0,30}",
    ) {
        let encode = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
        let query = format!(
            "?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Date={}&X-Amz-Credential={}&{rest}",
            encode(&date),
            encode(&credential),
        );
        prop_assert!(judge("https://bucket.s3.amazonaws.com/key", &query).is_err());
    }
}
