//! Good URLs pass, hostile ones are refused for the right reason.

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
    let version_2 = judge(base, "?AWSAccessKeyId=A&Expires=1&Signature=x");
    assert_eq!(version_2.err(), Some(S3UrlError::SignatureVersion2));
}
