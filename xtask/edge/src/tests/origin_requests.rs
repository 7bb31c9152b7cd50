//! How many requests the origin gets.

use http::Method;

use super::super::cache::LARGEST;
use super::{OBJECT, header, start};

#[tokio::test]
async fn each_range_is_one_request_to_the_origin() {
    let edge = start("none").await;
    for (range, sent, length) in [
        ("bytes=0-99", "GET bytes=0-99", 100),
        ("bytes=200-", "GET bytes=200-", 2 * LARGEST - 200),
        ("bytes=-50", "GET bytes=-50", 50),
        (" bytes=300-399 ", "GET bytes=300-399", 100),
        ("bytes=0-99999999999999999999999", "GET bytes=0-18446744073709551615", 2 * LARGEST),
    ] {
        let response = edge.ask(Method::GET, "/P1/large", &[("range", range)]).await;
        assert_eq!(response.status(), 206, "{range}");
        assert_eq!(header(&response, "x-cache"), "Miss from cloudfront", "{range}");
        assert_eq!(header(&response, "content-length"), length.to_string(), "{range}");
        assert_eq!(response.bytes().await.unwrap().len() as u64, length, "{range}");
        assert_eq!(edge.object_requests(), [sent], "{range}");
    }
    let within = edge.ask(Method::GET, "/P1/large", &[("range", "bytes=310-320")]).await;
    assert_eq!(header(&within, "content-range"), format!("bytes 310-320/{}", 2 * LARGEST));
    assert!(edge.object_requests().is_empty());
}

#[tokio::test]
async fn whole_object_is_one_request_to_the_origin() {
    let edge = start("none").await;
    assert_eq!(edge.ask(Method::GET, "/P1/a%20b.parquet", &[]).await.bytes().await.unwrap(), OBJECT);
    assert_eq!(edge.object_requests(), ["GET"]);
    // Larger objects are streamed, and not cached.
    for _ in 0..2 {
        let whole = edge.ask(Method::GET, "/P1/large", &[]).await;
        assert_eq!(whole.bytes().await.unwrap().len() as u64, 2 * LARGEST);
        assert_eq!(edge.object_requests(), ["GET"]);
    }
}

#[tokio::test]
async fn viewers_of_the_same_range_share_one_request_to_the_origin() {
    let edge = start("none").await;
    edge.aws.is_answering.send_replace(false);
    let ask = async || {
        let response = edge.ask(Method::GET, "/P1/large", &[("range", "bytes=0-99")]).await;
        (response.status().as_u16(), header(&response, "x-cache") == "Hit from cloudfront")
    };
    let viewers = async { tokio::join!(ask(), ask(), ask(), ask()) };
    let answer = async {
        tokio::task::yield_now().await;
        edge.aws.is_answering.send_replace(true);
    };
    let ((first, second, third, fourth), ()) = tokio::join!(viewers, answer);
    let mut hits = [first, second, third, fourth].map(|(status, is_hit)| {
        assert_eq!(status, 206);
        is_hit
    });
    hits.sort_unstable();
    assert_eq!(hits, [false, true, true, true]);
    assert_eq!(edge.object_requests(), ["GET bytes=0-99"]);
}

#[tokio::test]
async fn head_is_one_request_to_the_origin_and_ignores_ranges() {
    let edge = start("none").await;
    for range in ["bytes=0-3", "bytes=-4", "bytes=0-", "bytes=99-"] {
        let head = edge.ask(Method::HEAD, "/P1/a%20b.parquet", &[("range", range)]).await;
        assert_eq!(head.status(), 200, "{range}");
        assert_eq!(header(&head, "content-length"), "22");
        assert_eq!(header(&head, "content-range"), "");
        assert_eq!(header(&head, "accept-ranges"), "bytes");
        assert_eq!(edge.object_requests(), ["HEAD"], "{range}");
    }
}

#[tokio::test]
async fn several_ranges_are_the_whole_object_until_it_is_cached() {
    let edge = start("none").await;
    let ranges = [("range", "bytes=0-3,18-")];
    let first = edge.ask(Method::GET, "/P1/a%20b.parquet", &ranges).await;
    assert_eq!((first.status().as_u16(), first.bytes().await.unwrap().as_ref()), (200, OBJECT));
    assert_eq!(edge.ask(Method::GET, "/P1/a%20b.parquet", &ranges).await.status(), 206);
    assert_eq!(edge.object_requests(), ["GET"]);
    assert_eq!(edge.ask(Method::GET, "/P1/large", &ranges).await.status(), 200);
}
