//! Tests redeployment with a fake control plane in this process.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use aws_lc_rs::digest;
use axum::Router;
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use axum::routing::get;
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;

use super::*;
use crate::control_plane::{DeployedFunction, FunctionRevision};
use crate::gateway;
use crate::pool::InvokeError;
use crate::pool::testing::{TestPool, function_returning};

/// A fake of the parts of Lambda and API Gateway that are read.
struct FakeControlPlane {
    url: String,
    deployed: Mutex<Deployed>,
    /// Number of requests for the API. Each check begins with one.
    polls: watch::Sender<usize>,
    downloads: watch::Sender<usize>,
}

#[derive(Default)]
struct Deployed {
    functions: BTreeMap<String, (String, DeployedFunction)>,
    /// Function by route key.
    routes: BTreeMap<String, String>,
    is_busy: bool,
}

impl FakeControlPlane {
    async fn start() -> Arc<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let fake = Arc::new(Self {
            url: format!("http://{}", listener.local_addr().unwrap()),
            deployed: Mutex::default(),
            polls: watch::Sender::new(0),
            downloads: watch::Sender::new(0),
        });
        let router = Router::new()
            .route("/2015-03-31/functions/{name}", get(function))
            .route("/2015-03-31/functions/{name}/configuration", get(configuration))
            .route("/code/{name}", get(code))
            .route("/v2/apis/a1", get(api))
            .route("/v2/apis/a1/{kind}", get(part))
            .layer(from_fn_with_state(Arc::clone(&fake), unless_busy))
            .with_state(Arc::clone(&fake));
        tokio::spawn(async { axum::serve(listener, router).await });
        fake
    }

    fn deploy(&self, change: impl FnOnce(&mut Deployed)) {
        change(&mut self.deployed.lock().unwrap());
    }

    /// Waits until a check that began after this call has ended, so that earlier deployments are applied.
    async fn looked_at(&self) {
        let mut polls = self.polls.subscribe();
        let now = *polls.borrow();
        polls.wait_for(|count| *count >= now + 2).await.unwrap();
    }

    fn configuration(&self, name: &str) -> Result<Value, StatusCode> {
        let deployed = self.deployed.lock().unwrap();
        let (revision, function) = deployed.functions.get(name).ok_or(StatusCode::NOT_FOUND)?;
        Ok(json!({
            "FunctionArn": function.arn.to_string(), "RevisionId": revision, "Runtime": "provided.al2023",
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
    if request.uri().path() == "/v2/apis/a1" {
        fake.polls.send_modify(|count| *count += 1);
    }
    let is_busy = fake.deployed.lock().unwrap().is_busy;
    if is_busy { Err(StatusCode::SERVICE_UNAVAILABLE) } else { Ok(next.run(request).await) }
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

async fn api() -> String {
    json!({
        "apiId": "a1", "protocolType": "HTTP",
        "routeSelectionExpression": "${request.method} ${request.path}",
    })
    .to_string()
}

async fn part(State(fake): Fake, Path(kind): Path<String>) -> String {
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

/// A pool and a gateway that follow a fake control plane.
struct Stack {
    test: TestPool,
    url: String,
    client: reqwest::Client,
    stop: oneshot::Sender<()>,
    follower: JoinHandle<()>,
}

impl Stack {
    /// Reads the deployment, serves it, and follows changes.
    async fn start(fake: &FakeControlPlane, functions: &[&str]) -> Self {
        let control_plane = ControlPlane::new(fake.url.parse().unwrap(), "us-east-1").unwrap();
        let mut deployed = Vec::new();
        for name in functions {
            deployed.push(control_plane.function(&name.parse().unwrap()).await.unwrap());
        }
        let test = TestPool::with(deployed).await;
        let gateway = Gateway::new(control_plane.http_api("a1").await.unwrap(), test.pool.clone());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(gateway::serve(listener, gateway.clone(), std::future::pending()));
        let (stop, stopped) = oneshot::channel();
        let period = Duration::from_millis(10);
        let stopped = async move { drop(stopped.await) };
        let follower = tokio::spawn(follow(control_plane, test.pool.clone(), gateway, period, stopped));
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        Self { test, url, client, stop, follower }
    }

    async fn get(&self, path: &str) -> (u16, String) {
        let response = self.client.get(format!("{}{path}", self.url)).send().await.unwrap();
        (response.status().as_u16(), response.text().await.unwrap())
    }

    async fn stop(self) {
        self.stop.send(()).unwrap();
        self.follower.await.unwrap();
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
    let stack = Stack::start(&fake, &["api"]).await;
    assert_eq!(stack.get("/a").await, ok("one own"));

    fake.deploy(|it| it.function("2", function_returning("api", "'two ' + os.environ['OWN']")));
    fake.looked_at().await;
    assert_eq!(stack.get("/a").await, ok("two own"));

    fake.deploy(|it| {
        let (revision, function) = it.functions.get_mut("api").unwrap();
        *revision = "3".to_owned();
        function.environment.insert("OWN".to_owned(), "rotated".to_owned());
    });
    fake.looked_at().await;
    assert_eq!(stack.get("/a").await, ok("two rotated"));
    let name = "api".parse().unwrap();
    assert_eq!(stack.test.pool.revisions()[&name], FunctionRevision::new("3"));

    fake.looked_at().await;
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
    let stack = Stack::start(&fake, &["api", "restore"]).await;
    fake.deploy(|it| {
        it.function("1", function_returning("new", "'new'"));
        it.route("GET /new", "new");
        it.functions.remove("restore");
    });
    fake.looked_at().await;
    assert_eq!(stack.get("/new").await, ok("new"));
    assert_eq!(stack.get("/a").await, ok("api"));
    let gone = stack.test.pool.invoke(&"restore".parse().unwrap(), Bytes::new()).await;
    assert!(matches!(gone, Err(InvokeError::UnknownFunction(_))), "{gone:?}");

    // A function is removed only after the API no longer refers to it.
    fake.deploy(|it| drop(it.functions.remove("new")));
    fake.looked_at().await;
    assert_eq!(stack.get("/new").await, ok("new"));
    fake.deploy(|it| drop(it.routes.remove("GET /new")));
    fake.looked_at().await;
    assert_eq!(stack.get("/new").await.0, 404);
    assert_eq!(stack.test.pool.revisions().len(), 1);
    stack.stop().await;
}

#[tokio::test]
async fn request_to_a_busy_emulator_is_retried() {
    let fake = FakeControlPlane::start().await;
    fake.deploy(|it| {
        it.function("1", function_returning("api", "1"));
        it.route("GET /a", "api");
    });
    let stack = Stack::start(&fake, &["api"]).await;
    fake.deploy(|it| {
        it.is_busy = true;
        it.function("2", function_returning("api", "2"));
    });
    fake.looked_at().await;
    assert_eq!(stack.get("/a").await, ok("1"));
    fake.deploy(|it| it.is_busy = false);
    fake.looked_at().await;
    assert_eq!(stack.get("/a").await, ok("2"));
    stack.stop().await;
}
