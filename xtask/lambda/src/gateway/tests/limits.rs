//! Limits of the gateway and of Lambda, as a client sees them.

use reqwest::StatusCode;
use serde_json::json;

use super::{ECHO, NOBODY, TestGateway, http_api, message, response_of};
use crate::control_plane::Throttling;

#[tokio::test]
async fn throttled_request_reaches_neither_the_authorizer_nor_the_function() {
    let gateway = TestGateway::start(ECHO, NOBODY).await;
    let mut api = http_api();
    for route in &mut api.routes {
        // A bucket that is not refilled during the test.
        route.throttling = Throttling { rate: 1e-6, burst: 1 };
    }
    assert!(gateway.gateway.deploy(api));
    let throttled = (StatusCode::TOO_MANY_REQUESTS, message("Too Many Requests"));
    assert_eq!(gateway.get("/open").await.0, StatusCode::OK);
    assert_eq!(gateway.get("/open").await, throttled);
    // Each route has its own bucket.
    assert_eq!(response_of(gateway.request("POST", "/open")).await.0, StatusCode::OK);
    assert_eq!(gateway.closed("token").await.0, StatusCode::FORBIDDEN);
    assert_eq!(gateway.closed("other").await, throttled);
    let statistics = gateway.test.pool.statistics();
    let invocations = |name: &str| statistics[&name.parse().unwrap()].invocations;
    assert_eq!((invocations("api"), invocations("authorizer")), (2, 1));
    gateway.stop().await;
}

#[tokio::test]
async fn response_over_six_megabytes_is_an_error_and_the_instance_is_kept() {
    let code = "main(lambda event, context: 'a' * int(event['queryStringParameters']['size']))\n";
    let gateway = TestGateway::start(code, NOBODY).await;
    let error = (StatusCode::INTERNAL_SERVER_ERROR, message("Internal Server Error"));
    assert_eq!(gateway.get("/open?size=6291600").await, error);
    let small = gateway.request("GET", "/open?size=1").send().await.unwrap();
    assert_eq!(small.text().await.unwrap(), "a");
    assert_eq!(gateway.test.spawned().len(), 1);
    gateway.stop().await;
}

#[tokio::test]
async fn route_key_of_the_event_is_that_of_the_matching_route() {
    let gateway = TestGateway::start(ECHO, NOBODY).await;
    let mut api = http_api();
    for route in &mut api.routes {
        match route.key.to_string().as_str() {
            "GET /open" => route.key = "ANY /open".parse().unwrap(),
            "GET /hurried" => route.key = "$default".parse().unwrap(),
            _ => continue,
        }
        route.integration.timeout = super::LIMIT;
    }
    assert!(gateway.gateway.deploy(api));
    for (path, key) in [("/open", "ANY /open"), ("/elsewhere", "$default")] {
        let (_, event) = gateway.get(path).await;
        assert_eq!(event["routeKey"], key);
        assert_eq!(event["requestContext"]["routeKey"], key);
        assert_eq!(event["rawPath"], json!(path));
    }
    gateway.stop().await;
}
