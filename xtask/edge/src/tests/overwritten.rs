//! Ranges of an object that is overwritten while the edge has cached some of them.

use http::Method;
use std::sync::atomic::Ordering;

use super::super::cache::LARGEST;
use super::{Running, header, start};

/// Requests a range, and returns the status, the version by the `ETag` and by the bytes, and whether it was cached.
async fn ask(edge: &Running, range: &str, condition: Option<(&'static str, &str)>) -> (u16, u8, u8, bool) {
    let headers: Vec<_> = [("range", range)].into_iter().chain(condition).collect();
    let response = edge.ask(Method::GET, "/P1/large", &headers).await;
    let status = response.status().as_u16();
    let by_tag = header(&response, "etag").trim_matches('"').parse().unwrap_or(0);
    let is_hit = header(&response, "x-cache") == "Hit from cloudfront";
    let bytes = response.bytes().await.unwrap();
    assert!(bytes.iter().all(|byte| *byte == bytes[0]), "one response is of one version");
    (status, by_tag, bytes[0], is_hit)
}

#[tokio::test]
async fn cached_range_of_an_overwritten_object_stays_and_other_ranges_are_new() {
    let edge = start("none").await;
    assert_eq!(ask(&edge, "bytes=0-999", None).await, (206, 1, 1, false));
    edge.aws.version.store(2, Ordering::Relaxed);
    assert_eq!(ask(&edge, "bytes=0-999", None).await, (206, 1, 1, true));
    assert_eq!(ask(&edge, "bytes=100-199", None).await, (206, 1, 1, true));
    assert_eq!(ask(&edge, "bytes=500-1999", None).await, (206, 2, 2, false));
    assert_eq!(ask(&edge, "bytes=-10", None).await, (206, 2, 2, false));
    assert_eq!(ask(&edge, "bytes=-5", None).await, (206, 2, 2, true));
    assert_eq!(edge.object_requests(), ["GET bytes=0-999", "GET bytes=500-1999", "GET bytes=-10"]);
}

#[tokio::test]
async fn viewer_that_names_a_version_never_gets_a_range_of_another_one() {
    let edge = start("none").await;
    ask(&edge, "bytes=0-999", None).await;
    edge.aws.version.store(2, Ordering::Relaxed);
    let if_range = |tag| Some(("if-range", tag));
    assert_eq!(ask(&edge, "bytes=0-999", if_range("\"1\"")).await, (206, 1, 1, true));
    assert_eq!(ask(&edge, "bytes=0-999", if_range("\"2\"")).await, (206, 2, 2, false));
    // The version is gone, so the whole object is sent, as RFC 9110 says.
    assert_eq!(ask(&edge, "bytes=1000-1999", if_range("\"1\"")).await, (200, 2, 2, false));
    let changed =
        edge.ask(Method::GET, "/P1/large", &[("range", "bytes=2000-2999"), ("if-match", "\"1\"")]).await;
    assert_eq!(changed.status(), 412);
}

#[tokio::test]
async fn large_range_is_not_cached() {
    let edge = start("none").await;
    let range = format!("bytes=0-{LARGEST}");
    assert_eq!(ask(&edge, &range, None).await, (206, 1, 1, false));
    edge.aws.version.store(2, Ordering::Relaxed);
    assert_eq!(ask(&edge, &range, None).await, (206, 2, 2, false));
}
