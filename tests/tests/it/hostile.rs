//! Hostile requests and other events.
//!
//! The response to a request says that the client is at fault. Another event is an invocation error. The same process
//! serves the next request.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lambda::pool::InvocationOutcome;
use serde_json::{Value, json};

use crate::client::Client;
use crate::function::{ApiFunction, ApiResponse, claims, event};

/// The largest body in an event, which may have 6 MB.
const LARGEST_BODY: usize = 5_900_000;

struct Sender {
    function: ApiFunction,
    client: Client,
    editor: Value,
}

impl Sender {
    async fn start(test: &str) -> Self {
        Self {
            function: ApiFunction::start(test, &[]).await,
            client: Client::new().await,
            editor: claims(3).await,
        }
    }

    async fn restore(&self, body: Value, is_base64: bool) -> ApiResponse {
        let dataset = [("dataset_id", self.client.stack.dataset_id.as_str())];
        let mut event = event("POST", "/restore", &dataset, &self.editor);
        event["body"] = body;
        event["isBase64Encoded"] = json!(is_base64);
        self.function.respond(&event).await
    }

    /// Checks that the same process still responds to a valid request.
    async fn still_serves(&self, after: &str) {
        let asset = self.client.asset(&self.client.stack.assets.thumbnail);
        let response = self.function.respond(&event("GET", "/cloudfront/sign", &asset, &self.editor)).await;
        assert_eq!(response.status, 200, "after {after}: {response:?}");
        assert_eq!(self.function.processes(), 1, "after {after}");
    }
}

#[tokio::test]
async fn hostile_body_is_at_most_a_bad_request() {
    let sender = Sender::start("hostile-bodies").await;
    let ids = |count: usize| json!({ "nodeIds": vec!["N:package:x"; count] }).to_string();
    let distinct: Vec<String> = (0..10_000).map(|number| format!("N:package:{number}")).collect();
    let huge = format!(r#"{{"nodeIds":["{}"]}}"#, "x".repeat(LARGEST_BODY));
    let many_long = json!({ "nodeIds": vec!["x".repeat(500); 10_000] }).to_string();
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    for (what, body, expected) in [
        ("nothing", String::new(), 400),
        ("no JSON", "nodeIds".to_owned(), 400),
        ("a NUL", "\0".to_owned(), 400),
        ("a list", "[]".to_owned(), 400),
        ("a list of the members", r#"[["N:package:x"]]"#.to_owned(), 400),
        ("no ids", "{}".to_owned(), 400),
        ("ids that are null", r#"{"nodeIds":null}"#.to_owned(), 400),
        ("ids that are numbers", r#"{"nodeIds":[1,2]}"#.to_owned(), 400),
        ("a key given twice", r#"{"nodeIds":["a"],"nodeIds":["b"]}"#.to_owned(), 400),
        ("half a surrogate", r#"{"nodeIds":["\ud800"]}"#.to_owned(), 400),
        ("more behind the object", r#"{"nodeIds":[]}{}"#.to_owned(), 400),
        ("deep JSON for the ids", format!(r#"{{"nodeIds":{deep}}}"#), 400),
        ("deep JSON in a field that is ignored", format!(r#"{{"nodeIds":[],"other":{deep}}}"#), 200),
        ("10,001 ids", ids(10_001), 400),
        ("10,000 ids, all the same", ids(10_000), 200),
        ("10,000 ids, all different", json!({ "nodeIds": distinct }).to_string(), 200),
        ("one id of 6 MB, which the response would hold twice", huge, 400),
        ("10,000 long ids, all the same", many_long, 200),
    ] {
        let response = sender.restore(json!(body), false).await;
        assert_eq!(
            response.status,
            expected,
            "{what}: {}",
            response.body.chars().take(200).collect::<String>()
        );
        let encoded = STANDARD.encode(&body);
        if encoded.len() <= LARGEST_BODY {
            let response = sender.restore(json!(encoded), true).await;
            assert_eq!(response.status, expected, "{what}, encoded");
        }
        sender.still_serves(what).await;
    }
    sender.function.stop().await;
}

#[tokio::test]
async fn ids_of_any_bytes_are_returned_unchanged() {
    let sender = Sender::start("hostile-ids").await;
    let long = "ü".repeat(200);
    let ids =
        ["", "\0", "N:package:\0", "'; DROP TABLE packages; --", "\u{ffff}", "\u{7}\u{85}\u{202e}", &long];
    let response = sender.restore(json!(json!({ "nodeIds": ids }).to_string()), false).await;
    assert_eq!(response.status, 200, "{response:?}");
    let body: Value = serde_json::from_str(&response.body).unwrap();
    assert_eq!(body["success"], json!([]));
    let failed: Vec<&str> =
        body["failures"].as_array().unwrap().iter().map(|failure| failure["id"].as_str().unwrap()).collect();
    assert_eq!(failed, ids);
    for failure in body["failures"].as_array().unwrap() {
        let id = failure["id"].as_str().unwrap();
        let dataset = &sender.client.stack.dataset_id;
        assert_eq!(failure["error"], format!("deleted package {id} not found in dataset {dataset}"));
    }
    sender.still_serves("strange ids").await;

    for encoded in [vec![0xff_u8, 0xfe], b"{\"nodeIds\":[\"\xc3\x28\"]}".to_vec()] {
        assert_eq!(sender.restore(json!(STANDARD.encode(encoded)), true).await.status, 400);
    }
    sender.still_serves("what is no text").await;
    sender.function.stop().await;
}

#[tokio::test]
async fn every_event_of_an_http_api_has_a_response() {
    let sender = Sender::start("hostile-events").await;
    let asset = sender.client.asset(&sender.client.stack.assets.thumbnail);
    let good = event("GET", "/cloudfront/sign", &asset, &sender.editor);
    let with = |pointer: &str, value: Value| {
        let mut event = good.clone();
        *event.pointer_mut(pointer).unwrap() = value;
        event
    };
    let ten_kilobytes = "x".repeat(10_240);
    let mut other_headers = good.clone();
    other_headers["headers"] =
        json!({ "host": "no host", "x-forwarded-proto": "no scheme", "x-long": ten_kilobytes });
    let claim = |path: &str, value: Value| with(&format!("/requestContext/authorizer/lambda/{path}"), value);
    for (what, event, expected) in [
        ("headers that cannot be part of a URI", other_headers, 200),
        ("an unknown parameter of 10 KB", with_parameter(&good, "other", &ten_kilobytes), 200),
        ("an unencoded parameter", with_parameter(&good, "other", "\"<x> y>{|}\\^`#\u{e9}\u{7f}\u{1}"), 200),
        ("a path of 10 KB", with_parameter(&good, "path", &ten_kilobytes), 400),
        ("a package id of 10 KB", with_parameter(&good, "package_id", &ten_kilobytes), 400),
        ("no query", with("/rawQueryString", json!("")), 400),
        ("a raw path that cannot be part of a URI", with("/rawPath", json!(":99999999/")), 200),
        ("an unknown route", with("/routeKey", json!("$default")), 200),
        ("no claims", with("/requestContext/authorizer", Value::Null), 401),
        ("null in place of claims", with("/requestContext/authorizer/lambda", Value::Null), 401),
        ("a list in place of a claim", claim("org_claim", json!([1])), 401),
        ("an organization beyond 32 bits", claim("org_claim/IntId", json!(1_u64 << 40)), 401),
        ("a role beyond 64 bits", claim("dataset_claim/Role", json!(1e30)), 401),
        ("an organization without a schema", claim("org_claim/IntId", json!(999)), 404),
    ] {
        let response = sender.function.respond(&event).await;
        assert_eq!(response.status, expected, "{what}: {response:?}");
        sender.still_serves(what).await;
    }
    sender.function.stop().await;
}

#[tokio::test]
async fn other_event_is_an_invocation_error_and_the_next_event_is_served() {
    let sender = Sender::start("other-events").await;
    let asset = sender.client.asset(&sender.client.stack.assets.thumbnail);
    let good = event("GET", "/cloudfront/sign", &asset, &sender.editor);
    let with = |pointer: &str, value: Value| {
        let mut event = good.clone();
        *event.pointer_mut(pointer).unwrap() = value;
        event
    };
    let mut no_base64 = good.clone();
    no_base64["isBase64Encoded"] = json!(true);
    no_base64["body"] = json!("*");
    for (what, event) in [
        ("a query of another type", with("/rawQueryString", json!(7))),
        ("a query of 100 KB", with("/rawQueryString", json!("x".repeat(100_000)))),
        ("no context", with("/requestContext", Value::Null)),
        ("a context of another type", with("/requestContext", json!("x"))),
        ("no HTTP", with("/requestContext/http", Value::Null)),
        ("a method of another type", with("/requestContext/http/method", json!(1))),
        ("an authorizer of another type", with("/requestContext/authorizer", json!("x"))),
        ("claims that are a list", with("/requestContext/authorizer/lambda", json!([1]))),
        ("a body that is not base64", no_base64),
        ("an empty event", json!({})),
    ] {
        let outcome = sender.function.invoke(&event).await;
        assert!(matches!(outcome, InvocationOutcome::FunctionError(_)), "{what}: {outcome:?}");
        sender.still_serves(what).await;
    }
    sender.function.stop().await;
}

/// Returns an event with one parameter replaced or added, in the raw query and in the decoded one.
fn with_parameter(event: &Value, name: &str, value: &str) -> Value {
    let mut event = event.clone();
    let raw = event["rawQueryString"].as_str().unwrap().to_owned();
    let others = raw.split('&').filter(|pair| !pair.starts_with(&format!("{name}=")));
    let own = format!("{name}={value}");
    let raw: Vec<&str> = others.chain([own.as_str()]).collect();
    event["rawQueryString"] = json!(raw.join("&"));
    event["queryStringParameters"][name] = json!(value);
    event
}
