use std::time::Duration;

use axum::body::Body;
use chrono::DateTime;
use http::Request;
use serde_json::json;

use super::super::request::RequestId;
use super::*;
use crate::control_plane::{Integration, Throttling};

fn route(key: &str) -> Route {
    Route {
        key: key.parse().unwrap(),
        integration: Integration {
            function: "arn:aws:lambda:us-east-1:123456789012:function:api".parse().unwrap(),
            timeout: Duration::from_secs(30),
        },
        authorizer: None,
        throttling: Throttling::default(),
    }
}

async fn incoming(request: http::request::Builder, body: &'static [u8]) -> IncomingRequest {
    let trace = "Root=1-5759e988-bd862e3fe1be46a994272793";
    let request: Request<Body> = request.header("X-Amzn-Trace-Id", trace).body(body.into()).unwrap();
    let peer = "127.0.0.1:50000".parse().unwrap();
    let mut incoming = IncomingRequest::read(peer, RequestId::new(), request).await.unwrap();
    incoming.received = DateTime::from_timestamp_millis(1_583_348_638_390).unwrap();
    incoming
}

fn parsed(event: &Bytes) -> Value {
    let mut event: Value = serde_json::from_slice(event).unwrap();
    assert_eq!(event["requestContext"]["requestId"].as_str().unwrap().len(), 16);
    event["requestContext"]["requestId"] = json!("[id]");
    event
}

#[tokio::test]
async fn event_of_an_authorized_request() {
    let request = Request::post("/restore?dataset_id=N%3Adataset%3A1&a=b+c&a=%26&empty")
        .header("Host", "api.example.com:8080")
        .header("User-Agent", "agent/1")
        .header("Accept", "text/html")
        .header("Accept", "text/plain")
        .header("Cookie", "one=1; two=2")
        .header("Cookie", "three=3")
        .header("Connection", "keep-alive")
        .header("X-Forwarded-For", "203.0.113.9")
        .header("X-Name", HeaderValue::from_bytes(b"Zo\xeb").unwrap())
        .header("Content-Type", "application/json; charset=utf-8");
    let request = incoming(request, b"{\"nodeIds\":[]}").await;
    let context = json!({"user_claim": {"Id": 7, "NodeId": "N:user:7"}, "team_claims": null, "flag": true});
    let context = context.as_object().cloned();
    let event = for_function("a1b2c3", &route("POST /restore"), Some(context), &request);
    insta::assert_json_snapshot!(parsed(&event));
}

#[tokio::test]
async fn absent_parts_of_a_request_are_omitted() {
    let request = incoming(Request::get("/presign/s3"), b"").await;
    let event = for_function("a1b2c3", &route("GET /presign/s3"), None, &request);
    insta::assert_json_snapshot!(parsed(&event));
}

#[tokio::test]
async fn authorizer_without_context_gives_null() {
    let request = incoming(Request::get("/a"), b"").await;
    let event = parsed(&for_function("a1b2c3", &route("GET /a"), Some(None), &request));
    assert_eq!(event["requestContext"]["authorizer"], json!({"lambda": null}));
}

#[tokio::test]
async fn event_of_the_authorizer() {
    let request = Request::get("/presign/s3?dataset_id=d").header("Authorization", "Bearer t");
    let request = incoming(request, b"a body it does not see").await;
    let identity = ["Bearer t".to_owned(), "d".to_owned()];
    let event = for_authorizer("a1b2c3", &route("GET /presign/s3"), &identity, &request);
    insta::assert_json_snapshot!(parsed(&event));
}

#[tokio::test]
async fn text_stays_text_and_other_bodies_become_base64() {
    for (content_type, body, expected, is_base64_encoded) in [
        ("application/json", &b"{}"[..], "{}", false),
        ("text/plain;charset=UTF-8", "ü".as_bytes(), "ü", false),
        ("application/problem+json", b"{}", "{}", false),
        ("Application/XML", b"<a/>", "<a/>", false),
        ("application/x-www-form-urlencoded", b"a=b", "YT1i", true),
        ("application/octet-stream", b"a", "YQ==", true),
        ("application/json", b"\xff", "/w==", true),
        ("", b"a", "YQ==", true),
    ] {
        let request = incoming(Request::post("/a").header(CONTENT_TYPE, content_type), body).await;
        let event = parsed(&for_function("a1b2c3", &route("POST /a"), None, &request));
        assert_eq!(
            (&event["body"], &event["isBase64Encoded"]),
            (&json!(expected), &json!(is_base64_encoded)),
            "{content_type}"
        );
    }
}

#[test]
fn parameters_are_decoded_once() {
    let parameters = query_parameters("presigned_url=https%3A%2F%2Fs3%2F%3Fkey%3Da%252Fb%2Bc&b=%zz&=x");
    assert_eq!(parameters["presigned_url"], "https://s3/?key=a%2Fb+c");
    assert_eq!(parameters["b"], "%zz");
    assert_eq!(parameters[""], "x");
}
