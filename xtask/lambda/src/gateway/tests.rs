//! Tests the gateway over HTTP with real functions.

mod access_log;
mod limits;

use std::collections::BTreeMap;
use std::time::Duration;

use http::Method;
use reqwest::{Client, RequestBuilder, StatusCode};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::*;
use crate::control_plane::{
    AccessLog, Authorizer, CorsConfiguration, DeployedFunction, IdentitySource, Integration, Route,
    Throttling,
};
use crate::pool::testing::{Gate, TestPool, function, function_returning};

/// Time limit after which a test fails.
const LIMIT: Duration = Duration::from_secs(30);

/// A gateway with three kinds of routes: `GET|HEAD|POST /open` (public, function `api`), `GET /hurried` (the same
/// with too short a timeout) and `GET|POST /closed` (behind the function `authorizer`).
struct TestGateway {
    test: TestPool,
    gateway: Gateway,
    url: String,
    client: Client,
    stop: oneshot::Sender<()>,
    server: JoinHandle<std::io::Result<()>>,
}

impl TestGateway {
    async fn start(api: &str, authorizer: &str) -> Self {
        Self::with(TestPool::with(Self::functions(api, authorizer)).await).await
    }

    fn functions(api: &str, authorizer: &str) -> Vec<DeployedFunction> {
        vec![function("api", api), function_returning("authorizer", authorizer)]
    }

    async fn with(test: TestPool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (stop, stopped) = oneshot::channel();
        let gateway = Gateway::new(test.pool.clone());
        assert!(gateway.deploy(http_api()));
        let server = tokio::spawn(serve(listener, gateway.clone(), async move { drop(stopped.await) }));
        let client = Client::builder().no_proxy().timeout(LIMIT).build().unwrap();
        Self { test, gateway, url, client, stop, server }
    }

    fn request(&self, method: &str, path: &str) -> RequestBuilder {
        self.client.request(Method::from_bytes(method.as_bytes()).unwrap(), format!("{}{path}", self.url))
    }

    async fn get(&self, path: &str) -> (StatusCode, Value) {
        response_of(self.request("GET", path)).await
    }

    /// Sends a request with `token` to `/closed`.
    async fn closed(&self, token: &str) -> (StatusCode, Value) {
        response_of(self.request("GET", "/closed?dataset_id=d").header("Authorization", token)).await
    }

    /// Sends raw bytes and returns the head and the body of the response.
    async fn raw(&self, request: &str) -> String {
        let mut stream = TcpStream::connect(self.url.trim_start_matches("http://")).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut response = String::new();
        stream.read_to_string(&mut response).await.unwrap();
        response
    }

    async fn stop(self) {
        self.stop.send(()).unwrap();
        self.server.await.unwrap().unwrap();
        self.test.pool.stop().await;
    }
}

fn http_api() -> HttpApi {
    let arn = |name: &str| format!("arn:aws:lambda:us-east-1:000000000000:function:{name}").parse().unwrap();
    let authorizer_id: crate::control_plane::AuthorizerId = serde_json::from_value(json!("auth")).unwrap();
    let route = |key: &str| Route {
        key: key.parse().unwrap(),
        integration: Integration {
            function: arn("api"),
            timeout: if key.ends_with("/hurried") { Duration::from_millis(50) } else { LIMIT },
        },
        authorizer: key.ends_with("/closed").then(|| authorizer_id.clone()),
        throttling: Throttling::default(),
    };
    let keys = ["GET /open", "HEAD /open", "POST /open", "GET /hurried", "GET /closed", "POST /closed"];
    let authorizer = Authorizer {
        function: arn("authorizer"),
        identity_sources: vec![
            IdentitySource::Header(http::header::AUTHORIZATION),
            IdentitySource::QueryParameter("dataset_id".to_owned()),
        ],
        result_ttl: Some(Duration::from_mins(5)),
    };
    HttpApi {
        id: "a1b2c3".to_owned(),
        routes: keys.into_iter().map(route).collect(),
        authorizers: BTreeMap::from([(authorizer_id.clone(), authorizer)]),
        cors: Some(CorsConfiguration {
            allow_origins: vec!["https://app.example.com".to_owned()],
            allow_methods: vec!["GET".to_owned()],
            expose_headers: vec!["etag".to_owned()],
            ..CorsConfiguration::default()
        }),
        access_log: Some(AccessLog { group: "access".to_owned(), format: FORMAT.parse().unwrap() }),
    }
}

async fn response_of(request: RequestBuilder) -> (StatusCode, Value) {
    let response = request.send().await.unwrap();
    (response.status(), response.json().await.unwrap())
}

fn message(text: &str) -> Value {
    json!({"message": text})
}

const FORMAT: &str = r#"{"id":"$context.requestId","route":"$context.routeKey","status":"$context.status","type":"$context.error.responseType","integration":"$context.integrationStatus"}"#;

const ECHO: &str = "main(lambda event, context: event)\n";
const NOBODY: &str = "{'isAuthorized': False}";

#[tokio::test]
async fn function_gets_the_request_and_client_gets_its_response() {
    let gateway = TestGateway::start(ECHO, NOBODY).await;
    let request = gateway.request("POST", "/open?a=1").header("Content-Type", "text/plain").body("hello");
    let response = request.send().await.unwrap();
    let id = response.headers()["apigw-requestid"].to_str().unwrap().to_owned();
    let event: Value = response.json().await.unwrap();
    assert_eq!(event["body"], "hello");
    assert_eq!(event["queryStringParameters"], json!({"a": "1"}));
    assert_eq!(event["requestContext"]["requestId"], id);
    assert_eq!(event["requestContext"]["http"]["sourceIp"], "127.0.0.1");
    assert_eq!(event["requestContext"].get("authorizer"), None);
    gateway.stop().await;
}

#[tokio::test]
async fn request_without_a_route_is_not_found() {
    let gateway = TestGateway::start(ECHO, NOBODY).await;
    for path in ["/", "/open/", "/Open", "/open/x"] {
        assert_eq!(gateway.get(path).await, (StatusCode::NOT_FOUND, message("Not Found")), "{path}");
    }
    let put = response_of(gateway.request("PUT", "/open")).await;
    assert_eq!(put, (StatusCode::NOT_FOUND, message("Not Found")));
    assert!(gateway.test.spawned().is_empty());
    gateway.stop().await;
}

#[tokio::test]
async fn responses_are_published_as_metrics() {
    let code = "main(lambda event, context: {'statusCode': 500} if event.get('body') else {})\n";
    let gateway = TestGateway::start(code, NOBODY).await;
    for (method, path, body) in [("GET", "/open", ""), ("POST", "/open", "fail"), ("GET", "/none", "")] {
        gateway.request(method, path).body(body).send().await.unwrap();
    }
    let series = |name, statistic| {
        let metric = cloudwatch::Metric::new("AWS/ApiGateway", name, [("ApiId", "a1b2c3")]);
        let periods = cloudwatch::Periods::until(chrono::Utc::now().timestamp(), 3600, 1);
        gateway.test.pool.metrics().series(&metric, statistic, periods)[0]
    };
    let sum = |name| series(name, cloudwatch::Statistic::Sum);
    assert_eq!((sum("Count"), sum("4xx"), sum("5xx")), (Some(3.0), Some(1.0), Some(1.0)));
    assert_eq!(series("Latency", cloudwatch::Statistic::SampleCount), Some(3.0));
    gateway.stop().await;
}

#[tokio::test]
async fn recent_requests_have_the_id_route_and_status_of_their_responses() {
    let gateway = TestGateway::start(ECHO, NOBODY).await;
    let mut recent = gateway.gateway.recent_requests();
    let response = gateway.request("GET", "/open?secret=1").send().await.unwrap();
    let id = response.headers()["apigw-requestid"].to_str().unwrap().to_owned();
    gateway.get("/unknown").await;
    assert!(recent.has_changed().unwrap());
    let recent: Vec<ServedRequest> = recent.borrow_and_update().iter().cloned().collect();
    let found: Vec<_> = recent
        .iter()
        .map(|request| (request.path.as_str(), request.route.as_deref(), request.status))
        .collect();
    assert_eq!(found, [("/unknown", None, 404), ("/open", Some("GET /open"), 200)]);
    assert_eq!(recent[1].id, id);
    gateway.stop().await;
}

#[tokio::test]
async fn empty_response_to_head_has_length_zero() {
    let code = "main(lambda event, context: {'statusCode': 200, 'headers': {'Content-Length': '1234', 'ETag': 'e'}})\n";
    let gateway = TestGateway::start(code, NOBODY).await;
    let response = gateway.raw("HEAD /open HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await;
    let lower = response.to_lowercase();
    assert!(response.starts_with("HTTP/1.1 200 OK\r\n"), "{response}");
    assert!(lower.contains("\r\ncontent-length: 0\r\n") && lower.contains("\r\netag: e\r\n"), "{response}");
    assert!(!lower.contains("1234"), "{response}");
    gateway.stop().await;
}

#[tokio::test]
async fn authorizer_context_reaches_the_function() {
    let authorizer = "{'isAuthorized': event['identitySource'] == ['good', 'd'], 'context': {'n': 1, 'seen': context['lambda-runtime-aws-request-id']}}";
    let gateway = TestGateway::start(ECHO, authorizer).await;
    for path in ["/closed", "/closed?dataset_id=d", "/closed?dataset_id="] {
        let token = if path == "/closed?dataset_id=d" { "" } else { "good" };
        let rejected = response_of(gateway.request("GET", path).header("Authorization", token)).await;
        assert_eq!(rejected, (StatusCode::UNAUTHORIZED, message("Unauthorized")), "{path}");
    }
    assert!(gateway.test.spawned().is_empty(), "an incomplete identity must not reach the authorizer");

    assert_eq!(gateway.closed("bad").await, (StatusCode::FORBIDDEN, message("Forbidden")));
    let (status, first) = gateway.closed("good").await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(first["requestContext"]["authorizer"]["lambda"]["n"], 1);
    // The cached decision applies to another route too, rejections included.
    let request = gateway.request("POST", "/closed?dataset_id=d").header("Authorization", "good");
    let (_, second) = response_of(request).await;
    let seen = |event: &Value| event["requestContext"]["authorizer"]["lambda"]["seen"].clone();
    assert_eq!(seen(&first), seen(&second));
    assert_eq!(gateway.closed("bad").await.0, StatusCode::FORBIDDEN);
    let statistics = gateway.test.pool.statistics();
    assert_eq!(statistics[&"authorizer".parse().unwrap()].invocations, 2);
    gateway.stop().await;
}

#[tokio::test]
async fn failing_authorizer_is_an_error_and_not_cached() {
    for authorizer in ["1 / 0", "'yes'", "{'isAuthorized': 'yes'}", "[True]", "{}"] {
        let gateway = TestGateway::start(ECHO, authorizer).await;
        for _ in 0..2 {
            let failed = gateway.closed("good").await;
            assert_eq!(failed, (StatusCode::INTERNAL_SERVER_ERROR, message("Internal Server Error")));
        }
        let statistics = gateway.test.pool.statistics();
        assert_eq!(statistics[&"authorizer".parse().unwrap()].invocations, 2, "{authorizer}");
        gateway.stop().await;
    }
}

#[tokio::test]
async fn failing_or_slow_function_is_an_error() {
    let gate = Gate::new().await;
    let code = format!(
        r#"
def handle(event, context):
    if event["rawPath"] == "/hurried": {}
    if "crash" in event.get("queryStringParameters", {{}}): os._exit(1)
    return {{"statusCode": "not a number"}}
main(handle)
"#,
        gate.wait("''")
    );
    let gateway = TestGateway::start(&code, NOBODY).await;
    let error = (StatusCode::INTERNAL_SERVER_ERROR, message("Internal Server Error"));
    assert_eq!(gateway.get("/open?crash").await, error);
    assert_eq!(gateway.get("/open").await, error);
    let unavailable = (StatusCode::SERVICE_UNAVAILABLE, message("Service Unavailable"));
    assert_eq!(gateway.get("/hurried").await, unavailable);
    gateway.stop().await;
}

#[tokio::test]
async fn requests_have_limits() {
    let gateway = TestGateway::start("main(lambda event, context: len(event['body']))\n", NOBODY).await;
    let post = |length: usize| {
        let request = gateway.request("POST", "/open").header("Content-Type", "text/plain");
        response_of(request.body("a".repeat(length)))
    };
    let megabyte = 1024 * 1024;
    assert_eq!(post(5 * megabyte).await, (StatusCode::OK, json!(5 * megabyte)));
    let too_large = (StatusCode::PAYLOAD_TOO_LARGE, message("Request Entity Too Large"));
    assert_eq!(post(7 * megabyte).await, too_large, "more than Lambda takes");
    // Only announces a large body: the response arrives before the body is sent.
    let announced =
        format!("POST /open HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n", 10 * megabyte + 1);
    let mut stream = TcpStream::connect(gateway.url.trim_start_matches("http://")).await.unwrap();
    stream.write_all(announced.as_bytes()).await.unwrap();
    let mut start = [0; 12];
    stream.read_exact(&mut start).await.unwrap();
    assert_eq!(&start, b"HTTP/1.1 413");
    drop(stream);

    let fields = response_of(gateway.request("GET", "/open").header("X", "a".repeat(10_240))).await;
    assert_eq!(
        fields,
        (StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, message("Request Header Fields Too Large"))
    );
    gateway.stop().await;
}

#[tokio::test]
async fn cors_headers_are_set_by_the_gateway() {
    let code =
        "main(lambda event, context: {'statusCode': 200, 'headers': {'Access-Control-Allow-Origin': '*'}})\n";
    let gateway = TestGateway::start(code, NOBODY).await;
    let origin = |request: RequestBuilder| request.header("Origin", "https://app.example.com");
    let allowed = |response: &reqwest::Response| {
        response.headers().get("access-control-allow-origin").map(|value| value.to_str().unwrap().to_owned())
    };

    // Needs neither an OPTIONS route nor a token, nor any route at all.
    for path in ["/closed", "/nowhere"] {
        let request = gateway.request("OPTIONS", path).header("Access-Control-Request-Method", "GET");
        let response = origin(request).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::NO_CONTENT);
        assert_eq!(allowed(&response).as_deref(), Some("https://app.example.com"));
        assert_eq!(response.headers()["access-control-allow-methods"], "GET");
        assert!(response.headers().contains_key("apigw-requestid"));
    }
    let no_preflight = origin(gateway.request("OPTIONS", "/open")).send().await.unwrap();
    assert_eq!(no_preflight.status(), StatusCode::NOT_FOUND);

    let without = gateway.request("GET", "/open").send().await.unwrap();
    assert_eq!((without.status(), allowed(&without)), (StatusCode::OK, None));
    let with = origin(gateway.request("GET", "/open")).send().await.unwrap();
    assert_eq!(allowed(&with).as_deref(), Some("https://app.example.com"));
    assert_eq!(with.headers()["access-control-expose-headers"], "etag");
    let rejected = origin(gateway.request("GET", "/closed")).send().await.unwrap();
    assert_eq!(rejected.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(allowed(&rejected).as_deref(), Some("https://app.example.com"));
    gateway.stop().await;
}

#[tokio::test]
async fn shutdown_lets_requests_under_way_finish() {
    let gate = Gate::new().await;
    let code = format!("main(lambda event, context: [{}, 'done'][1])\n", gate.wait("''"));
    let gateway = TestGateway::start(&code, NOBODY).await;
    let request = tokio::spawn(gateway.request("GET", "/open").send());
    let (_, go_on) = gate.arrival().await;
    gateway.stop.send(()).unwrap();
    drop(go_on);
    assert_eq!(request.await.unwrap().unwrap().text().await.unwrap(), "done");
    gateway.server.await.unwrap().unwrap();
    gateway.test.pool.stop().await;
}

#[tokio::test]
async fn new_deployment_serves_only_new_requests() {
    let gate = Gate::new().await;
    let code = format!("main(lambda event, context: [{}, event['routeKey']][1])\n", gate.wait("''"));
    let gateway = TestGateway::start(&code, NOBODY).await;
    let under_way = tokio::spawn(gateway.request("GET", "/open").send());
    let (_, go_on) = gate.arrival().await;

    let mut api = http_api();
    assert!(!gateway.gateway.deploy(api.clone()), "nothing is different");
    api.routes.retain(|route| route.key.to_string() != "GET /open");
    api.cors = None;
    assert!(gateway.gateway.deploy(api));
    let request = gateway.request("GET", "/open").header("Origin", "https://app.example.com");
    let response = request.send().await.unwrap();
    assert_eq!(response.status(), StatusCode::NOT_FOUND);
    assert!(!response.headers().contains_key("access-control-allow-origin"));

    drop(go_on);
    assert_eq!(under_way.await.unwrap().unwrap().text().await.unwrap(), "GET /open");
    gateway.stop().await;
}

#[tokio::test]
async fn decisions_outlive_a_deploy_unless_their_authorizer_changed() {
    let gateway = TestGateway::start(ECHO, NOBODY).await;
    let authorizer_calls = || gateway.test.pool.statistics()[&"authorizer".parse().unwrap()].invocations;
    let mut api = http_api();
    gateway.closed("t").await;

    api.cors = None;
    assert!(gateway.gateway.deploy(api.clone()));
    gateway.closed("t").await;
    assert_eq!(authorizer_calls(), 1);

    for authorizer in api.authorizers.values_mut() {
        authorizer.result_ttl = Some(Duration::from_mins(1));
    }
    assert!(gateway.gateway.deploy(api));
    gateway.closed("t").await;
    assert_eq!(authorizer_calls(), 2);
    gateway.stop().await;
}
