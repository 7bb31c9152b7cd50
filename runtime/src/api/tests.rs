//! What is checked before anything outside is called, and in which order.

use lambda_http::Request;
use lambda_http::aws_lambda_events::apigw::ApiGatewayV2httpResponse;
use lambda_http::http::HeaderMap;
use serde_json::{Value, json};

use super::{ApiContext, respond};
use crate::configuration::{ApiSettings, Variables};
use crate::http::HttpApiEvent;
use crate::telemetry::Invocation;

/// Returns the status and headers of a response, if nothing is configured.
async fn response(event: Value) -> (i64, HeaderMap) {
    let context = ApiContext::new(ApiSettings::read(&Variables::from_pairs([])));
    let event: HttpApiEvent = serde_json::from_value(event).unwrap();
    let response: ApiGatewayV2httpResponse =
        respond(&context, &Invocation::default(), Request::from(event)).await.into();
    (response.status_code, response.headers)
}

async fn status(event: Value) -> i64 {
    response(event).await.0
}

async fn restore_status(query: &str, claims: Value) -> i64 {
    status(json!({
        "rawQueryString": query,
        "body": r#"{"nodeIds":["N:package:1"]}"#,
        "requestContext": {
            "http": {"method": "POST", "path": "/restore"},
            "authorizer": {"lambda": claims},
        },
    }))
    .await
}

fn claims(user: &Value, role: &Value, dataset: &str) -> Value {
    json!({
        "user_claim": user,
        "org_claim": {"IntId": 1},
        "dataset_claim": {"NodeId": dataset, "Role": role},
    })
}

#[tokio::test]
async fn claims_are_checked_before_the_role_and_the_role_before_parameters() {
    let user = json!({"NodeId": "N:user:1"});
    let dataset = "N:dataset:1";
    for (query, role) in [("dataset_id=N:dataset:1", 1), ("", 3), ("dataset_id=N:dataset:2", 3)] {
        assert_eq!(restore_status(query, claims(&json!(null), &json!(role), dataset)).await, 401, "{query}");
    }
    assert_eq!(restore_status("", claims(&user, &json!(1), dataset)).await, 403);
    assert_eq!(restore_status("", claims(&user, &json!(3), dataset)).await, 400);
    assert_eq!(restore_status("dataset_id=N:dataset:2", claims(&user, &json!(3), dataset)).await, 403);
    // Only the configuration is missing.
    assert_eq!(restore_status("dataset_id=N:dataset:1", claims(&user, &json!(3), dataset)).await, 503);
}

#[tokio::test]
async fn malformed_dataset_id_is_a_bad_request() {
    let user = json!({"NodeId": "N:user:1"});
    for malformed in ["N%00", &"x".repeat(256)] {
        let claims = claims(&user, &json!(3), "N:dataset:1");
        assert_eq!(restore_status(&format!("dataset_id={malformed}"), claims).await, 400, "{malformed}");
    }
}

#[tokio::test]
async fn unknown_role_is_too_low() {
    for role in [json!(6), json!(-1), json!(u64::MAX)] {
        let claims = claims(&json!({"NodeId": "N:user:1"}), &role, "N:dataset:1");
        assert_eq!(restore_status("dataset_id=N:dataset:1", claims).await, 403, "{role}");
    }
}

#[tokio::test]
async fn route_key_decides_if_it_is_a_route_and_otherwise_the_path() {
    let routed = async |route_key: Value, method: &str, path: &str| {
        status(json!({ "requestContext": {"routeKey": route_key, "http": {"method": method, "path": path}} }))
            .await
    };
    assert_eq!(routed(json!("POST /restore"), "POST", "/packages/restore").await, 401);
    assert_eq!(routed(json!("POST /restore"), "GET", "/").await, 401);
    for other in [json!(null), json!("$default"), json!("ANY /{proxy+}"), json!("PATCH /restore")] {
        assert_eq!(routed(other.clone(), "POST", "/restore").await, 401, "{other}");
        assert_eq!(routed(other.clone(), "PATCH", "/restore").await, 405, "{other}");
        assert_eq!(routed(other.clone(), "OPTIONS", "/restore").await, 204, "{other}");
        assert_eq!(routed(other.clone(), "POST", "/packages/restore").await, 404, "{other}");
    }
}

#[tokio::test]
async fn every_response_has_cors_headers_with_the_methods_of_the_path() {
    let event =
        |method: &str, path: &str| json!({ "requestContext": {"http": {"method": method, "path": path}} });
    for (method, path, methods) in [
        ("OPTIONS", "/presign/s3", "GET, HEAD, OPTIONS"),
        ("GET", "/presign/s3", "GET, HEAD, OPTIONS"),
        ("GET", "/restore", "POST, OPTIONS"),
        ("GET", "/", "OPTIONS"),
    ] {
        let (status, headers) = response(event(method, path)).await;
        assert_eq!(headers["access-control-allow-origin"], "*", "{method} {path}");
        assert_eq!(headers["access-control-allow-methods"], methods, "{method} {path}");
        assert_eq!(headers.contains_key("access-control-max-age"), status == 204, "{method} {path}");
        assert_eq!(headers.get("allow").is_some(), status == 405, "{method} {path}");
    }
}

#[tokio::test]
async fn event_of_nulls_has_a_response() {
    let nulls = json!({
        "rawQueryString": null,
        "body": null,
        "requestContext": {"requestId": null, "authorizer": null, "http": {"method": "GET", "path": null}},
    });
    assert_eq!(status(nulls).await, 404);
}

#[tokio::test]
async fn proxy_without_buckets_is_not_configured_but_checks_urls() {
    let proxy = async |url: &str| {
        status(json!({
            "rawQueryString": format!("presigned_url={url}"),
            "requestContext": {"http": {"method": "GET", "path": "/proxy/s3"}},
        }))
        .await
    };
    let signature = "a".repeat(64);
    let valid = format!(
        "https://bucket.s3.amazonaws.com/key?X-Amz-Algorithm=AWS4-HMAC-SHA256\
         %26X-Amz-Credential=AKID/99990101/us-east-1/s3/aws4_request%26X-Amz-Date=99990101T000000Z\
         %26X-Amz-Expires=3600%26X-Amz-SignedHeaders=host%26X-Amz-Signature={signature}"
    );
    assert_eq!(proxy("https://example.org/key").await, 400);
    assert_eq!(proxy(&valid).await, 503);
}
