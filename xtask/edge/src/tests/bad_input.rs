//! Requests that no viewer should send.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::Method;

use super::super::policy;
use super::super::test_signer::encode_base64;
use super::{EXPIRES, KEY, OBJECT, Running, header, start};

#[tokio::test]
async fn malformed_range_is_ignored_and_one_after_the_end_is_rejected() {
    let edge = start("none").await;
    for (range, status) in [
        ("bytes=99999999999999999999999-", 416),
        ("bytes=22-", 416),
        ("bytes=-0", 416),
        ("bytes=0-99999999999999999999999", 206),
        ("bytes=-99999999999999999999999", 206),
        ("bytes=5-2", 200),
        ("bytes=-5-2", 200),
        ("bytes=--5", 200),
        ("bytes=", 200),
        ("bytes=-", 200),
        ("bytes=a-b", 200),
        ("bytes=0x0-0x5", 200),
        ("items=0-5", 200),
        ("0-5", 200),
        ("bytes=0-1,0-1", 200),
        ("bytes=5-9,0-1", 200),
        ("bytes=0-1,-", 200),
    ] {
        // Neither the first answer nor the one from the cache differs.
        for path in ["/P1/a%20b.parquet", "/P1/a%20b.parquet", "/P1/a%20b.zarr"] {
            let response = edge.ask(Method::GET, path, &[("range", range)]).await;
            assert_eq!(response.status(), status, "{path} {range}");
            match status {
                416 => assert_eq!(header(&response, "content-range"), "bytes */22", "{range}"),
                _ => assert_eq!(response.bytes().await.unwrap(), OBJECT, "{path} {range}"),
            }
        }
    }
    for range in ["bytes=0-", "bytes=0-0", "bytes=-1"] {
        assert_eq!(edge.ask(Method::GET, "/P1/empty", &[("range", range)]).await.status(), 416, "{range}");
    }
    assert_eq!(edge.ask(Method::GET, "/P1/empty", &[]).await.status(), 200);
}

#[tokio::test]
async fn thousand_ranges_are_one_answer() {
    let edge = start("none").await;
    edge.ask(Method::GET, "/P1/a%20b.parquet", &[]).await;
    let ranges: Vec<String> = (0..1000).map(|number| format!("{number}-{number}")).collect();
    let ranges = format!("bytes={}", ranges.join(","));
    let response = edge.ask(Method::GET, "/P1/a%20b.parquet", &[("range", &ranges)]).await;
    assert_eq!(response.status(), 206);
    let length: usize = header(&response, "content-length").parse().unwrap();
    assert_eq!(response.bytes().await.unwrap().len(), length);
}

#[tokio::test]
async fn missing_object_is_not_found_for_every_method_and_range() {
    let edge = start("none").await;
    for method in [Method::GET, Method::HEAD] {
        for headers in [&[][..], &[("range", "bytes=0-9")], &[("if-none-match", "*")]] {
            let missing = edge.ask(method.clone(), "/P1/none", headers).await;
            assert_eq!(missing.status(), 404, "{method} {headers:?}");
            // The bucket policy does not cover it.
            let denied = edge.ask(method.clone(), "/P2/none", headers).await;
            assert_eq!(denied.status(), 403, "{method} {headers:?}");
        }
    }
}

#[tokio::test]
async fn request_that_is_too_large_or_has_a_body_is_rejected() {
    let edge = start("none").await;
    let path = "/P1/a%20b.parquet";
    let filler = "x".repeat(20_400);
    assert_eq!(edge.ask(Method::GET, path, &[("x-filler", &filler)]).await.status(), 413);
    assert_eq!(edge.ask(Method::GET, path, &[("x-filler", &filler[..15_000])]).await.status(), 200);
    let signed = edge.signer.canned_url(KEY, &format!("{}{path}", edge.url), EXPIRES);
    assert_eq!(edge.viewer.get(&signed).body("x").send().await.unwrap().status(), 403);
}

#[tokio::test]
async fn path_is_a_key_whatever_its_characters() {
    let edge = start("none").await;
    let path = "/P1/%C3%84%20%F0%9F%A7%A0%2B%25%3F.parquet";
    assert_eq!(edge.ask(Method::GET, path, &[]).await.status(), 200);
    // Digits in lower case are another URL of the same object.
    assert_eq!(edge.ask(Method::GET, &path.replace("%C3%84", "%c3%84"), &[]).await.status(), 200);
    // A key is decoded once, and is no path.
    for missing in ["/P1/%25C3%2584", "/P1/a%252520b.parquet", "/P1//a%20b.parquet"] {
        assert_eq!(edge.ask(Method::GET, missing, &[]).await.status(), 404, "{missing}");
    }
    assert_eq!(edge.ask(Method::GET, "/P1/%FF", &[]).await.status(), 403);
}

/// Requests an object with the policy for a package, after the query was changed.
async fn with_policy(edge: &Running, path: &str, change: impl Fn(&str) -> String) -> (u16, String) {
    let policy = policy::canned(&format!("{}/P1/*", edge.url), EXPIRES);
    let signature = encode_base64(&edge.signer.sign(policy.as_bytes()));
    let query =
        format!("Policy={}&Signature={signature}&Key-Pair-Id={KEY}", encode_base64(policy.as_bytes()));
    let url = format!("{}{path}?{}", edge.url, change(&query));
    let response = edge.viewer.get(url).send().await.unwrap();
    let status = response.status().as_u16();
    let text = String::from_utf8_lossy(&response.bytes().await.unwrap()).into_owned();
    let code = text.split_once("<Code>").and_then(|(_, rest)| rest.split_once("</Code>"));
    (status, code.map_or_else(String::new, |(code, _)| code.to_owned()))
}

#[tokio::test]
async fn policy_of_a_package_opens_nothing_else() {
    let edge = start("none").await;
    let same = str::to_owned;
    assert_eq!(with_policy(&edge, "/P1/a%20b.parquet", same).await.0, 200);
    for path in ["/P2/a%20b.parquet", "/P10/a%20b.parquet", "/P1%2Fa%20b.parquet", "/p1/a%20b.parquet"] {
        assert_eq!(with_policy(&edge, path, same).await, (403, "AccessDenied".to_owned()), "{path}");
    }
}

#[tokio::test]
async fn tampered_credentials_are_rejected() {
    let edge = start("none").await;
    let path = "/P1/a%20b.parquet";
    let wider = |query: &str| {
        let (_, rest) = query.split_once('&').unwrap();
        let policy = policy::canned("http://*", EXPIRES);
        format!("Policy={}&{rest}", encode_base64(policy.as_bytes()))
    };
    assert_eq!(with_policy(&edge, path, wider).await, (403, "AccessDenied".to_owned()));
    for (from, to, code) in [
        ("Policy=", "Policy=A", "MalformedPolicy"),
        ("Policy=", "Policy=%00", "MalformedPolicy"),
        ("Policy=", "Policy=&Policy=", "AccessDenied"),
        ("&Key-Pair-Id=K1", "&Key-Pair-Id=K9", "InvalidKey"),
        ("&Key-Pair-Id=K1", "", "MissingKey"),
        ("Signature=", "Signature=!", "MalformedSignature"),
        ("&Signature=", "&signature=", "AccessDenied"),
    ] {
        let found = with_policy(&edge, path, |query| query.replacen(from, to, 1)).await;
        assert_eq!(found, (403, code.to_owned()), "{to}");
    }
    // Parameters in another order are the same.
    let reversed = |query: &str| query.rsplit('&').collect::<Vec<_>>().join("&");
    assert_eq!(with_policy(&edge, path, reversed).await.0, 200);
}

#[tokio::test]
async fn truncated_policy_is_rejected_wherever_it_ends() {
    let edge = start("none").await;
    let text = policy::canned(&format!("{}/P1/*", edge.url), EXPIRES);
    let encoded = STANDARD.encode(&text).replace('+', "-").replace('=', "_").replace('/', "~");
    for length in 1..encoded.len() {
        let truncated = |query: &str| query.replacen(&encoded, &encoded[..length], 1);
        assert_eq!(with_policy(&edge, "/P1/a%20b.parquet", truncated).await.0, 403, "{length}");
    }
}
