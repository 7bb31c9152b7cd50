//! A server in place of the emulator, and a client of the guard in front of it.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use chrono::{DateTime, Utc};
use cloudformation_rules::ProviderSchemas;
use http::{HeaderMap, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioIo};
use serde_json::{Value as Json, json};
use tokio::net::TcpListener;

use super::super::{Guard, serve};
use crate::identity::{Credentials, Operator};
use crate::policies::OperatorPolicies;
use crate::signature::sign;

/// The path of an object that exists.
pub(super) const OBJECT: &str = "/bucket/object";

/// A guard in front of an emulator.
pub(super) struct Stack {
    guard: Arc<Guard>,
    emulator: Arc<Emulator>,
    address: SocketAddr,
    client: Client<HttpConnector, Full<Bytes>>,
}

/// The policies of the emulator, and the requests that it received.
struct Emulator {
    policies: Mutex<Json>,
    received: Mutex<Vec<Received>>,
}

/// A request that was forwarded.
#[derive(Debug)]
pub(super) struct Received {
    pub(super) path: String,
    pub(super) headers: HeaderMap,
    pub(super) body: String,
}

/// A response of the guard.
#[derive(Debug)]
pub(super) struct GuardResponse {
    pub(super) status: StatusCode,
    pub(super) body: String,
}

/// A request to the guard.
pub(super) struct Sent(Request<Bytes>);

impl Stack {
    pub(super) async fn start() -> Self {
        let role = |action: &str, resource: &str| json!({ "policies": [allowed(&[action], resource)], "boundary": null });
        let policies = json!({
            "roles": {
                "reader": role("s3:GetObject", "arn:aws:s3:::bucket/*"),
                "cleaner": role("s3:DeleteObject", "arn:aws:s3:::bucket/free"),
            },
            "buckets": {},
            "queues": {},
        });
        let emulator = Arc::new(Emulator { policies: Mutex::new(policies), received: Mutex::default() });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let behind = listener.local_addr().unwrap();
        tokio::spawn(Arc::clone(&emulator).serve(listener));

        let reviewer = allowed(&["s3:GetObject", "s3:ListBucket"], "*");
        let deployer = allowed(&["s3:PutObject"], "*");
        let operators = OperatorPolicies::new([&reviewer], [&reviewer, &deployer]);
        let schemas = Path::new(env!("CARGO_MANIFEST_DIR")).join("../cloudformation-rules/fixtures/schemas");
        let schemas = ProviderSchemas::load(&schemas, "us-east-1").unwrap();
        let guard = Arc::new(Guard::new(behind, operators, schemas).unwrap());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(serve(listener, Arc::clone(&guard), std::future::pending()));
        Self { guard, emulator, address, client: Client::builder(TokioExecutor::new()).build_http() }
    }

    pub(super) fn operator(&self, operator: Operator) -> Credentials {
        self.guard.identities().operator(operator)
    }

    pub(super) fn session(&self, role: &str) -> Credentials {
        self.guard.identities().session(role, "function")
    }

    /// Changes the deployed policies, as a deployment through the guard does.
    pub(super) fn change_policies(&self, change: impl FnOnce(&mut Json)) {
        change(&mut self.emulator.policies.lock().unwrap());
        self.guard.deployed.forget();
    }

    /// Returns the requests that were forwarded since the last call.
    pub(super) fn received(&self) -> Vec<Received> {
        std::mem::take(&mut *self.emulator.received.lock().unwrap())
    }

    pub(super) async fn send(&self, Sent(request): Sent) -> GuardResponse {
        let (mut parts, body) = request.into_parts();
        let path = parts.uri.path_and_query().unwrap().as_str();
        parts.uri = format!("http://{}{path}", self.address).parse().unwrap();
        let response = self.client.request(Request::from_parts(parts, Full::new(body))).await.unwrap();
        let status = response.status();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        GuardResponse { status, body: String::from_utf8_lossy(&body).into_owned() }
    }
}

/// Returns a policy that allows actions.
fn allowed(actions: &[&str], resource: &str) -> Json {
    let statement = json!({ "Sid": "Some", "Effect": "Allow", "Action": actions, "Resource": resource });
    json!({ "Version": "2012-10-17", "Statement": [statement] })
}

impl Emulator {
    async fn serve(self: Arc<Self>, listener: TcpListener) {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let emulator = Arc::clone(&self);
            let service = service_fn(move |request| {
                let emulator = Arc::clone(&emulator);
                async move { emulator.respond(request).await }
            });
            let server = hyper::server::conn::http1::Builder::new();
            tokio::spawn(server.serve_connection(TokioIo::new(stream), service));
        }
    }

    async fn respond(&self, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, hyper::Error> {
        let (parts, body) = request.into_parts();
        let body = String::from_utf8_lossy(&body.collect().await?.to_bytes()).into_owned();
        let path = parts.uri.to_string();
        let (status, text) = match path.as_str() {
            "/_local/policies" => {
                return Ok(Response::new(self.policies.lock().unwrap().to_string().into()));
            }
            OBJECT => (StatusCode::OK, "content"),
            "/bucket?delete" => (StatusCode::OK, "<DeleteResult><Deleted/></DeleteResult>"),
            _ => (StatusCode::NOT_FOUND, ""),
        };
        self.received.lock().unwrap().push(Received { path, headers: parts.headers, body });
        Ok(Response::builder().status(status).body(text.into()).unwrap())
    }
}

impl GuardResponse {
    /// Returns the status and the error code.
    pub(super) fn refused(&self) -> (StatusCode, &str) {
        let xml = self.body.split_once("<Code>").and_then(|(_, rest)| rest.split_once("</Code>"));
        let json = self.body.split_once("\"__type\":\"").and_then(|(_, rest)| rest.split_once('"'));
        (self.status, xml.or(json).map_or(self.body.as_str(), |(code, _)| code))
    }
}

impl Sent {
    fn new(method: Method, path: &str, body: &str) -> Self {
        // The host is signed. `Stack::send` replaces it with the address of the guard.
        let uri = format!("http://aws.test{path}");
        Self(Request::builder().method(method).uri(uri).body(body.to_owned().into()).unwrap())
    }

    pub(super) fn get(path: &str) -> Self {
        Self::new(Method::GET, path, "")
    }

    pub(super) fn put(path: &str, body: &str) -> Self {
        Self::new(Method::PUT, path, body)
    }

    pub(super) fn post(path: &str, body: &str) -> Self {
        Self::new(Method::POST, path, body)
    }

    pub(super) fn header(mut self, (name, value): (&'static str, &'static str)) -> Self {
        self.0.headers_mut().insert(name, value.parse().unwrap());
        self
    }

    pub(super) fn signed(self, credentials: &Credentials) -> Self {
        self.signed_at(credentials, Utc::now())
    }

    pub(super) fn signed_at(self, credentials: &Credentials, now: DateTime<Utc>) -> Self {
        let (mut parts, body) = self.0.into_parts();
        sign(&mut parts, &body, "s3", "us-east-1", credentials, now).unwrap();
        Self(Request::from_parts(parts, body))
    }

    /// Replaces the body without signing it.
    pub(super) fn with_body(mut self, body: String) -> Self {
        *self.0.body_mut() = body.into();
        self
    }

    pub(super) fn body(&self) -> &[u8] {
        self.0.body()
    }
}
