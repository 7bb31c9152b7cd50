//! What browsers may cache.

use http::Method;

use super::{header, start};

#[tokio::test]
async fn cache_control_of_the_policy_is_for_viewers_only() {
    let edge = start("none").await;
    for x_cache in ["Miss from cloudfront", "Hit from cloudfront"] {
        let response = edge.ask(Method::GET, "/P1/a%20b.parquet", &[]).await;
        assert_eq!(header(&response, "cache-control"), "private, max-age=3600");
        // `private` of the origin would keep the object out of the cache.
        assert_eq!(header(&response, "x-cache"), x_cache);
    }
    let missing = edge.ask(Method::GET, "/P1/none", &[]).await;
    assert_eq!(header(&missing, "cache-control"), "private, max-age=3600");
}

#[tokio::test]
async fn browser_revalidates_with_the_validators_of_the_object() {
    let edge = start("none").await;
    let date = "Sun, 06 Nov 1994 08:49:37 GMT";
    let before = "Sun, 06 Nov 1994 08:49:36 GMT";
    for (condition, value, status) in [
        ("if-none-match", "\"tag\"", 304),
        ("if-none-match", "W/\"tag\"", 304),
        ("if-none-match", "\"x\", \"tag\"", 304),
        ("if-none-match", "*", 304),
        ("if-none-match", "\"x\"", 200),
        ("if-none-match", "tag", 200),
        ("if-modified-since", date, 304),
        ("if-modified-since", before, 200),
        ("if-modified-since", "yesterday", 200),
        ("if-match", "\"x\"", 412),
        ("if-unmodified-since", before, 412),
    ] {
        for method in [Method::GET, Method::HEAD] {
            let response = edge.ask(method.clone(), "/P1/a%20b.zarr", &[(condition, value)]).await;
            assert_eq!(response.status(), status, "{method} {condition}: {value}");
            if status == 304 {
                assert_eq!(header(&response, "etag"), "\"tag\"");
                assert_eq!(header(&response, "cache-control"), "private, max-age=3600");
            }
        }
    }
}

#[tokio::test]
async fn range_of_another_version_is_the_whole_object() {
    let edge = start("none").await;
    for (condition, status) in [
        ("\"1\"", 206),
        ("Sun, 06 Nov 1994 08:49:37 GMT", 206),
        ("\"2\"", 200),
        ("W/\"1\"", 200),
        ("Sun, 06 Nov 1994 08:49:38 GMT", 200),
        ("x", 200),
    ] {
        for range in ["bytes=0-9", "bytes=-9"] {
            let headers = [("range", range), ("if-range", condition)];
            let response = edge.ask(Method::GET, "/P1/large", &headers).await;
            assert_eq!(response.status(), status, "{range} {condition}");
        }
    }
    let beyond = |tag| [("range", "bytes=99999999-"), ("if-range", tag)];
    assert_eq!(edge.ask(Method::GET, "/P1/large", &beyond("\"2\"")).await.status(), 200);
}
