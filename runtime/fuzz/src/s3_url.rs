//! Every parser reads an accepted presigned URL in the same way.

use std::borrow::Cow;

use http::Uri;
use percent_encoding::percent_decode_str;
use runtime::api::s3_url::{PresignedUrl, S3UrlRules};
use runtime::configuration::AllowedBuckets;
use url::Url;

/// 2026-01-01T00:30:00Z, half an hour after the seeds were signed.
const NOW: i64 = 1_767_227_400;
const ENDPOINT: &str = "http://127.0.0.1:4566";

/// Checks a URL and returns whether it is accepted.
///
/// Then a browser and an HTTP library must request the same host, bucket and object.
pub fn check(text: &str) -> bool {
    let rules = S3UrlRules { allowed_buckets: &AllowedBuckets::Any, endpoint: Some(ENDPOINT) };
    let Ok(parsed) = PresignedUrl::parse(text, &rules, NOW) else { return false };
    assert_eq!(parsed.as_str(), text, "the URL is passed on byte for byte");
    as_a_browser(text, &parsed);
    as_an_http_library(text, &parsed);
    true
}

/// Parses the URL as a browser does: <https://url.spec.whatwg.org>.
fn as_a_browser(text: &str, parsed: &PresignedUrl) {
    let url = Url::parse(text).expect("a browser can read it");
    assert!(url.username().is_empty() && url.password().is_none(), "no user info");
    assert_eq!(url.fragment(), None);
    let host = url.host_str().expect("it has a host");
    let origin = url.origin().ascii_serialization();
    assert!(!url.path().contains('+'), "S3 would read a plus sign as a space");
    assert_names_object(&origin, host, url.path(), parsed);
    assert_signed(url.query_pairs(), parsed);
}

/// Parses the URL by RFC 3986, with the crate that sends the requests.
fn as_an_http_library(text: &str, parsed: &PresignedUrl) {
    let Ok(uri) = text.parse::<Uri>() else {
        // It rejects some characters that browsers encode, and has a maximum length of 16 bits.
        let is_rejected = |byte| b"\"<>^`{|}".contains(&byte);
        assert!(
            text.bytes().any(is_rejected) || text.len() >= usize::from(u16::MAX),
            "an HTTP library can read it"
        );
        return;
    };
    let authority = uri.authority().expect("it has an authority").as_str().to_ascii_lowercase();
    let scheme = uri.scheme_str().expect("it has a scheme");
    let host = uri.host().expect("it has a host").to_ascii_lowercase();
    assert_names_object(&format!("{scheme}://{authority}"), &host, uri.path(), parsed);
    let query = uri.query().expect("it has a query");
    let decode = |part| percent_decode_str(part).decode_utf8().expect("its escapes are UTF-8");
    let pairs = query.split('&').map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    assert_signed(pairs.map(|(name, value)| (decode(name), decode(value))), parsed);
}

fn assert_names_object(origin: &str, host: &str, path: &str, parsed: &PresignedUrl) {
    let path: Vec<u8> = percent_decode_str(path).collect();
    let (bucket, key) = (parsed.bucket(), parsed.key());
    let in_path = path == format!("/{bucket}/{key}").as_bytes();
    if origin == ENDPOINT {
        assert!(in_path, "the configured endpoint is asked for the bucket and the key");
        return;
    }
    assert_eq!(origin, format!("https://{host}"), "AWS has one scheme and one port");
    let below_bucket = host.strip_prefix(bucket).and_then(|rest| rest.strip_prefix('.'));
    let in_host = below_bucket.is_some_and(is_s3) && path == format!("/{key}").as_bytes();
    assert!(in_host || (is_s3(host) && in_path), "S3 is asked for the bucket and the key: {host}");
}

/// Returns whether a host is S3 without a bucket.
///
/// It has a label of `s3`, at most two labels of a place, and a domain of AWS.
fn is_s3(host: &str) -> bool {
    const DOMAINS: &[&str] = &[
        "amazonaws.com",
        "amazonaws.com.cn",
        "amazonaws.eu",
        "c2s.ic.gov",
        "sc2s.sgov.gov",
        "cloud.adc-e.uk",
        "csp.hci.ic.gov",
    ];
    const OTHER_SERVICES: &[&str] =
        &["website", "accesspoint", "lambda", "outposts", "control", "express", "tables"];
    let mut labels = host.split('.');
    let service = labels.next().unwrap_or_default();
    let rest: Vec<&str> = labels.collect();
    (service == "s3" || service.starts_with("s3-"))
        && !OTHER_SERVICES.iter().any(|other| service.contains(other))
        && (0..=rest.len().min(2)).any(|place| DOMAINS.contains(&rest[place..].join(".").as_str()))
}

/// Asserts that each parameter of the signature exists once.
///
/// Names are compared case-insensitively, values with those that were parsed.
fn assert_signed<'a>(pairs: impl Iterator<Item = (Cow<'a, str>, Cow<'a, str>)>, parsed: &PresignedUrl) {
    let pairs: Vec<_> = pairs.collect();
    let only = |wanted: &str| {
        let mut found = pairs.iter().filter(|(name, _)| name.eq_ignore_ascii_case(wanted));
        let (name, value) = found.next().expect("each parameter exists");
        assert!(name == wanted && found.next().is_none(), "each parameter exists once: {wanted}");
        value.as_ref()
    };
    assert_eq!(only("X-Amz-Algorithm"), "AWS4-HMAC-SHA256");
    assert_eq!(only("X-Amz-Signature").len(), 64);
    assert!(only("X-Amz-SignedHeaders").contains("host"));
    let life: i64 = only("X-Amz-Expires").parse().expect("a lifetime is a number");
    assert!((1..=604_800).contains(&life), "it is valid for a week at most");
    assert!(parsed.expires_at() > NOW, "it has not expired");
    let scope: Vec<&str> = only("X-Amz-Credential").split('/').collect();
    assert_eq!(scope[1..], [&only("X-Amz-Date")[..8], parsed.region(), "s3", "aws4_request"]);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::check;
    use crate::mutation::{passing, seeds};

    #[test]
    fn seeds_are_accepted() {
        for seed in seeds("s3_url") {
            assert!(check(&seed), "{seed}");
        }
    }

    #[test]
    fn accepted_url_is_read_in_the_same_way_by_all() {
        let tries = 20_000;
        let accepted = passing("s3_url", tries, check);
        assert!(
            accepted > tries / 10,
            "only {accepted} of {tries} were accepted: there are too many changes"
        );
    }

    proptest! {
        #[test]
        fn any_text_is_rejected(text in any::<String>()) {
            prop_assert!(!check(&text));
        }
    }
}
