//! Tests redeployment with a fake control plane in this process.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use aws_lc_rs::digest;
use aws_sdk_sqs::config::{BehaviorVersion, Credentials, Region};
use axum::Router;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use axum::routing::{get, post};
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::watch;

use super::*;
use crate::control_plane::{DeployedFunction, FunctionRevision};
use crate::gateway;
use crate::pool::InvokeError;
use crate::pool::testing::{TestPool, function_returning};

/// A fake of the parts of Lambda, API Gateway and SQS that are read.
struct FakeControlPlane {
    url: String,
    deployed: Mutex<Deployed>,
    /// Number of downloads of code.
    downloads: watch::Sender<usize>,
    /// Number of requests for messages, by queue.
    polls: watch::Sender<BTreeMap<String, usize>>,
}

#[derive(Default)]
struct Deployed {
    functions: BTreeMap<String, (String, DeployedFunction)>,
    /// Function by route key.
    routes: BTreeMap<String, String>,
    /// Queues that invoke the function `restore`.
    queues: Vec<String>,
    is_busy: bool,
}

impl FakeControlPlane {
    async fn start() -> Arc<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let fake = Arc::new(Self {
            url: format!("http://{}", listener.local_addr().unwrap()),
            deployed: Mutex::default(),
            downloads: watch::Sender::new(0),
            polls: watch::Sender::default(),
        });
        let router = Router::new()
            .route("/2015-03-31/functions/{name}", get(function))
            .route("/2015-03-31/functions/{name}/configuration", get(configuration))
            .route("/2015-03-31/event-source-mappings/", get(event_source_mappings))
            .route("/code/{name}", get(code))
            .route("/v2/apis/{id}", get(api))
            .route("/v2/apis/{id}/{kind}", get(part))
            .route("/", post(sqs))
            .layer(from_fn_with_state(Arc::clone(&fake), unless_busy))
            .with_state(Arc::clone(&fake));
        tokio::spawn(async { axum::serve(listener, router).await });
        fake
    }

    fn deploy(&self, change: impl FnOnce(&mut Deployed)) {
        change(&mut self.deployed.lock().unwrap());
    }

    /// Waits for a request for messages of a queue.
    async fn polled(&self, queue: &str) {
        self.polls.subscribe().wait_for(|polls| polls.contains_key(queue)).await.unwrap();
    }

    fn configuration(&self, name: &str) -> Result<Value, StatusCode> {
        let deployed = self.deployed.lock().unwrap();
        let (revision, function) = deployed.functions.get(name).ok_or(StatusCode::NOT_FOUND)?;
        Ok(json!({
            "FunctionArn": function.arn.to_string(), "RevisionId": revision, "Runtime": "provided.al2023",
            "Role": format!("arn:aws:iam::000000000000:role/{name}"),
            "Handler": function.handler, "PackageType": "Zip", "Timeout": 20, "MemorySize": 128, "Layers": [],
            "CodeSha256": BASE64.encode(digest::digest(&digest::SHA256, &function.code)),
            "Environment": {"Variables": function.environment},
            "LoggingConfig": {"LogFormat": "JSON", "LogGroup": function.log_group},
        }))
    }
}

impl Deployed {
    fn function(&mut self, revision: &str, function: DeployedFunction) {
        self.functions.insert(function.arn.name.to_string(), (revision.to_owned(), function));
    }

    fn route(&mut self, key: &str, function: &str) {
        self.routes.insert(key.to_owned(), function.to_owned());
    }
}

type Fake = State<Arc<FakeControlPlane>>;

async fn unless_busy(State(fake): Fake, request: Request, next: Next) -> Result<Response, StatusCode> {
    let is_busy = fake.deployed.lock().unwrap().is_busy;
    if is_busy { Err(StatusCode::SERVICE_UNAVAILABLE) } else { Ok(next.run(request).await) }
}

async fn event_source_mappings(State(fake): Fake) -> String {
    let deployed = fake.deployed.lock().unwrap();
    let mapping = |queue: &String| {
        json!({
            "UUID": queue, "EventSourceArn": format!("arn:aws:sqs:us-east-1:000000000000:{queue}"),
            "FunctionArn": "arn:aws:lambda:us-east-1:000000000000:function:restore",
            "State": "Enabled", "BatchSize": 1,
        })
    };
    json!({ "EventSourceMappings": deployed.queues.iter().map(mapping).collect::<Vec<_>>() }).to_string()
}

/// Finds each queue, and never has a message.
async fn sqs(State(fake): Fake, headers: HeaderMap, request: Bytes) -> String {
    let request: Value = serde_json::from_slice(&request).unwrap();
    if headers["x-amz-target"] == "AmazonSQS.GetQueueUrl" {
        let queue = request["QueueName"].as_str().unwrap();
        return json!({ "QueueUrl": format!("{}/{queue}", fake.url) }).to_string();
    }
    if headers["x-amz-target"] == "AmazonSQS.GetQueueAttributes" {
        return json!({ "Attributes": {} }).to_string();
    }
    let queue = request["QueueUrl"].as_str().unwrap().rsplit('/').next().unwrap();
    fake.polls.send_modify(|polls| *polls.entry(queue.to_owned()).or_default() += 1);
    std::future::pending().await
}

async fn configuration(State(fake): Fake, Path(name): Path<String>) -> Result<String, StatusCode> {
    Ok(fake.configuration(&name)?.to_string())
}

async fn function(State(fake): Fake, Path(name): Path<String>) -> Result<String, StatusCode> {
    let location = format!("{}/code/{name}", fake.url);
    let response = json!({"Configuration": fake.configuration(&name)?, "Code": {"Location": location}});
    Ok(response.to_string())
}

async fn code(State(fake): Fake, Path(name): Path<String>) -> Bytes {
    fake.downloads.send_modify(|count| *count += 1);
    fake.deployed.lock().unwrap().functions[&name].1.code.clone()
}

async fn api(Path(id): Path<String>) -> String {
    json!({
        "apiId": id, "protocolType": "HTTP",
        "routeSelectionExpression": "${request.method} ${request.path}",
    })
    .to_string()
}

async fn part(State(fake): Fake, Path((_, kind)): Path<(String, String)>) -> String {
    let deployed = fake.deployed.lock().unwrap();
    let route = |(key, function): (&String, &String)| match kind.as_str() {
        "routes" => json!({"routeKey": key, "target": format!("integrations/{function}")}),
        _ => json!({
            "integrationId": function, "integrationType": "AWS_PROXY", "connectionType": "INTERNET",
            "integrationUri": format!("arn:aws:lambda:us-east-1:000000000000:function:{function}"),
            "payloadFormatVersion": "2.0", "timeoutInMillis": 20_000,
        }),
    };
    let items = match kind.as_str() {
        "stages" => vec![json!({"stageName": "$default"})],
        "authorizers" => Vec::new(),
        _ => deployed.routes.iter().map(route).collect(),
    };
    json!({ "items": items }).to_string()
}

/// A pool, a gateway and pollers that serve what a fake control plane has deployed.
struct Stack {
    test: TestPool,
    url: String,
    client: reqwest::Client,
    redeployment: Redeployment,
}

/// The API `a1`, and the function `restore` if a queue invokes it.
fn resources(queue_functions: &[&str]) -> ServedResources {
    ServedResources {
        api_id: "a1".to_owned(),
        queue_functions: queue_functions.iter().map(|name| name.parse().unwrap()).collect(),
    }
}

impl Stack {
    async fn start(fake: &FakeControlPlane) -> Self {
        let control_plane = ControlPlane::new(
            fake.url.parse().unwrap(),
            "us-east-1",
            rights::identity::Credentials::of_emulator(),
        )
        .unwrap();
        let test = TestPool::with(Vec::new()).await;
        let gateway = Gateway::new(test.pool.clone());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(gateway::serve(listener, gateway.clone(), std::future::pending()));
        let sqs = aws_sdk_sqs::Config::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .region(Region::new("us-east-1"))
            .endpoint_url(&fake.url)
            .credentials_provider(Credentials::new("test", "test", None, None, "test"))
            .build();
        let sqs = aws_sdk_sqs::Client::from_conf(sqs);
        let redeployment = Redeployment::new(control_plane, sqs, test.pool.clone(), gateway);
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        Self { test, url, client, redeployment }
    }

    /// Serves the function `api` at `GET /a`, and the function `restore`, which the queue `one` invokes.
    async fn with_a_queue(fake: &FakeControlPlane) -> Self {
        fake.deploy(|it| {
            it.function("1", function_returning("api", "'api'"));
            it.function("1", function_returning("restore", "{}"));
            it.route("GET /a", "api");
            it.queues = vec!["one".to_owned()];
        });
        let mut stack = Self::start(fake).await;
        stack.apply(&["restore"]).await;
        stack
    }

    async fn apply(&mut self, queue_functions: &[&str]) {
        self.redeployment.apply(Some(&resources(queue_functions))).await.unwrap();
    }

    async fn get(&self, path: &str) -> (u16, String) {
        let response = self.client.get(format!("{}{path}", self.url)).send().await.unwrap();
        (response.status().as_u16(), response.text().await.unwrap())
    }

    fn functions(&self) -> Vec<String> {
        self.test.pool.revisions().into_keys().map(|name| name.to_string()).collect()
    }

    async fn stop(self) {
        self.redeployment.stop().await;
        self.test.pool.stop().await;
    }
}

fn ok(text: &str) -> (u16, String) {
    (200, text.to_owned())
}

#[tokio::test]
async fn code_and_variables_are_followed() {
    let fake = FakeControlPlane::start().await;
    fake.deploy(|it| {
        it.function("1", function_returning("api", "'one ' + os.environ['OWN']"));
        it.route("GET /a", "api");
    });
    let mut stack = Stack::start(&fake).await;
    stack.apply(&[]).await;
    assert_eq!(stack.get("/a").await, ok("one own"));

    fake.deploy(|it| it.function("2", function_returning("api", "'two ' + os.environ['OWN']")));
    stack.apply(&[]).await;
    assert_eq!(stack.get("/a").await, ok("two own"));

    fake.deploy(|it| {
        let (revision, function) = it.functions.get_mut("api").unwrap();
        *revision = "3".to_owned();
        function.environment.insert("OWN".to_owned(), "rotated".to_owned());
    });
    stack.apply(&[]).await;
    assert_eq!(stack.get("/a").await, ok("two rotated"));
    let name = "api".parse().unwrap();
    assert_eq!(stack.test.pool.revisions()[&name], FunctionRevision::new("3"));

    stack.apply(&[]).await;
    assert_eq!(*fake.downloads.borrow(), 3, "only what changed is downloaded");
    assert_eq!(stack.test.pool.statistics()[&name].cold_starts, 3);
    stack.stop().await;
}

#[tokio::test]
async fn routes_and_functions_are_added_and_removed() {
    let fake = FakeControlPlane::start().await;
    fake.deploy(|it| {
        it.function("1", function_returning("api", "'api'"));
        it.function("1", function_returning("restore", "'restore'"));
        it.route("GET /a", "api");
    });
    let mut stack = Stack::start(&fake).await;
    stack.apply(&["restore"]).await;
    assert_eq!(stack.functions(), ["api", "restore"]);
    fake.deploy(|it| {
        it.function("1", function_returning("new", "'new'"));
        it.route("GET /new", "new");
    });
    stack.apply(&[]).await;
    assert_eq!(stack.get("/new").await, ok("new"));
    assert_eq!(stack.get("/a").await, ok("api"));
    let gone = stack.test.pool.invoke(&"restore".parse().unwrap(), Bytes::new()).await;
    assert!(matches!(gone, Err(InvokeError::UnknownFunction(_))), "{gone:?}");

    // A function is removed only after the API no longer refers to it.
    fake.deploy(|it| drop(it.functions.remove("new")));
    assert!(stack.redeployment.apply(Some(&resources(&[]))).await.is_err());
    assert_eq!(stack.get("/new").await, ok("new"));
    fake.deploy(|it| drop(it.routes.remove("GET /new")));
    stack.apply(&[]).await;
    assert_eq!(stack.get("/new").await.0, 404);
    assert_eq!(stack.functions(), ["api"]);
    stack.stop().await;
}

#[tokio::test]
async fn event_source_mappings_are_followed() {
    let fake = FakeControlPlane::start().await;
    let mut stack = Stack::with_a_queue(&fake).await;
    fake.polled("one").await;
    // A replaced queue exists beside its replacement until the deployment is complete.
    fake.deploy(|it| it.queues = vec!["one".to_owned(), "two".to_owned()]);
    stack.apply(&["restore"]).await;
    fake.polled("two").await;
    fake.deploy(|it| it.queues = vec!["two".to_owned()]);
    stack.apply(&["restore"]).await;
    assert_eq!(*fake.polls.borrow(), BTreeMap::from([("one".to_owned(), 1), ("two".to_owned(), 1)]));
    stack.stop().await;
}

#[tokio::test]
async fn nothing_is_served_after_the_stack_was_deleted_until_it_is_deployed_again() {
    let fake = FakeControlPlane::start().await;
    let mut stack = Stack::with_a_queue(&fake).await;
    stack.redeployment.apply(None).await.unwrap();
    assert_eq!(stack.get("/a").await, (503, r#"{"message":"No API is deployed"}"#.to_owned()));
    assert!(stack.functions().is_empty());
    stack.apply(&["restore"]).await;
    assert_eq!(stack.get("/a").await, ok("api"));
    stack.stop().await;
}

#[tokio::test]
async fn request_to_a_busy_emulator_fails_and_the_previous_deployment_is_served() {
    let fake = FakeControlPlane::start().await;
    fake.deploy(|it| {
        it.function("1", function_returning("api", "1"));
        it.route("GET /a", "api");
    });
    let mut stack = Stack::start(&fake).await;
    stack.apply(&[]).await;
    fake.deploy(|it| {
        it.is_busy = true;
        it.function("2", function_returning("api", "2"));
    });
    assert!(stack.redeployment.apply(Some(&resources(&[]))).await.is_err());
    assert_eq!(stack.get("/a").await, ok("1"));
    fake.deploy(|it| it.is_busy = false);
    stack.apply(&[]).await;
    assert_eq!(stack.get("/a").await, ok("2"));
    stack.stop().await;
}
