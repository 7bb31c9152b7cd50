//! Tests the proxies with a minimal emulator and with protocol messages.

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use chrono::{DateTime, SubsecRound as _, Utc};
use rights::identity::Credentials;

use super::{AwsProxy, Call, Fate, Faults, Moment, Service, Value};

/// Starts a proxy for a server that responds with the method of the request.
async fn proxy(faults: &Arc<Faults>) -> (AwsProxy, reqwest::Client) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let upstream = format!("http://{}", listener.local_addr().unwrap());
    let answer = async |request: Request| request.method().to_string();
    tokio::spawn(async move { axum::serve(listener, Router::new().fallback(answer)).await });
    let proxy = AwsProxy::start(&upstream, [Credentials::of_emulator()], Arc::clone(faults)).await.unwrap();
    (proxy, reqwest::Client::builder().no_proxy().build().unwrap())
}

#[tokio::test]
async fn calls_are_counted_by_operation_and_the_script_decides() {
    let faults = Faults::new();
    let (proxy, client) = proxy(&faults).await;
    faults.begin(|call: &Call| match (&*call.operation, call.number_of_operation, call.number) {
        ("ListObjectVersions", 2, 3) => Fate::Throttle,
        ("DeleteObjects", 1, _) => Fate::Cut(Moment::After),
        _ => Fate::Forward,
    });
    let url = |query: &str| format!("{}/bucket?{query}", proxy.url());
    assert_eq!(client.get(url("versions")).send().await.unwrap().text().await.unwrap(), "GET");
    let cut = client.post(url("delete=")).send().await;
    assert!(match cut {
        Ok(answer) => answer.text().await.is_err(),
        Err(_) => true,
    });
    assert_eq!(client.get(url("versions&max-keys=1")).send().await.unwrap().status(), 503);
    let request = client.post(proxy.url()).header("x-amz-target", "DynamoDB_20120810.BatchGetItem");
    assert_eq!(request.send().await.unwrap().text().await.unwrap(), "POST");
    let calls: Vec<(String, u32)> =
        faults.tallies(Service::Aws).into_iter().map(|(operation, tally)| (operation, tally.calls)).collect();
    let expected = [("BatchGetItem", 1), ("DeleteObjects", 1), ("ListObjectVersions", 2)];
    assert_eq!(calls, expected.map(|(operation, calls)| (operation.to_owned(), calls)));
    assert_eq!(faults.calls(Service::Database), 0);
}

#[tokio::test]
async fn after_a_stop_nothing_passes_until_the_next_script() {
    let faults = Faults::new();
    let (proxy, client) = proxy(&faults).await;
    faults.begin(|_| Fate::Stop(Moment::Before));
    let ask = || {
        let request = client.get(proxy.url());
        tokio::spawn(async move { request.send().await?.text().await })
    };
    let first = ask();
    faults.stopped().await;
    let mut second = pin!(faults.decide(Service::Aws, "GET /"));
    let is_held = second.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending();
    assert!(is_held, "what comes while everything is stopped waits");
    assert_eq!(faults.calls(Service::Aws), 1, "and is not counted");
    faults.begin(|_| Fate::Forward);
    assert!(first.await.unwrap().is_err());
    let Poll::Ready((fate, _)) = second.as_mut().poll(&mut Context::from_waker(Waker::noop())) else {
        panic!("it waits still")
    };
    assert_eq!(fate, Fate::Cut(Moment::Before));
    assert_eq!(ask().await.unwrap().unwrap(), "GET");
}

#[tokio::test]
async fn clock_of_aws_can_be_ahead() {
    let faults = Faults::new();
    let (proxy, client) = proxy(&faults).await;
    for hours in [0, 3] {
        faults.advance_clock(Duration::from_hours(hours));
        let before = Utc::now().trunc_subsecs(0);
        let answer = client.get(proxy.url()).send().await.unwrap();
        let after = Utc::now();
        let date = DateTime::parse_from_rfc2822(answer.headers()["date"].to_str().unwrap()).unwrap();
        let reported = date.to_utc() - Duration::from_hours(hours);
        assert!(
            before - Duration::from_secs(1) <= reported && reported <= after,
            "{before} {reported} {after}"
        );
    }
}

#[test]
fn values_become_literals() {
    let literal = |type_id, bytes: &[u8]| Value { type_id, bytes: Some(bytes.to_vec()) }.literal().unwrap();
    assert_eq!(literal(23, &7_i32.to_be_bytes()), "E'7'");
    assert_eq!(literal(25, br"it's \"), r"E'it''s \\'");
    assert_eq!(literal(701, &2.5_f64.to_be_bytes()), "E'2.5'");
    assert_eq!(literal(2950, &[0x11; 16]), "E'11111111-1111-1111-1111-111111111111'");
    let header = [1_i32, 1, 25, 3, 1].map(i32::to_be_bytes).concat();
    let elements = [&[0, 0, 0, 2][..], b"a\"", &[0xff; 4], &[0, 0, 0, 0]].concat();
    assert_eq!(literal(1009, &[header, elements].concat()), "E'{\"a\\\\\"\",NULL,\"\"}'");
    assert_eq!(literal(1007, &[0_i32, 0, 23].map(i32::to_be_bytes).concat()), "E'{}'");
    assert_eq!(Value { type_id: 23, bytes: None }.literal().unwrap(), "NULL");
    assert_eq!(Value { type_id: 600, bytes: Some(Vec::new()) }.literal(), None);
}
