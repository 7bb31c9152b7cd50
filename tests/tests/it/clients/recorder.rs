//! A proxy that records the requests of a browser to one of the servers of the stack.
//!
//! The browser keeps the address of the server, and so the signature of the URL: it only connects to another port.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::response::Response;
use reqwest::Url;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::client::http;

/// A request with its response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Recorded {
    pub(super) method: String,
    /// Its path, without the query.
    pub(super) path: String,
    pub(super) range: Option<String>,
    pub(super) has_token: bool,
    pub(super) status: u16,
    /// The size of the body.
    pub(super) bytes: usize,
}

/// A proxy in front of one server, which ends with it.
pub(super) struct Recorder {
    upstream: Url,
    port: u16,
    requests: Arc<Mutex<Vec<Recorded>>>,
    server: JoinHandle<std::io::Result<()>>,
}

struct Upstream {
    client: reqwest::Client,
    url: Url,
    requests: Arc<Mutex<Vec<Recorded>>>,
}

impl Recorder {
    /// Starts a proxy in front of the server of a URL.
    pub(super) async fn start(url: &str) -> Self {
        let upstream = Url::parse(url).unwrap();
        let requests = Arc::<Mutex<Vec<Recorded>>>::default();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Upstream { client: http(), url: upstream.clone(), requests: Arc::clone(&requests) };
        let router = Router::new().fallback(pass).with_state(Arc::new(state));
        let server = tokio::spawn(axum::serve(listener, router).into_future());
        Self { upstream, port, requests, server }
    }

    /// Returns the rule of Chromium's option `--host-resolver-rules` that leads to the proxy.
    pub(super) fn resolver_rule(&self) -> String {
        let (host, port) = (self.upstream.host_str().unwrap(), self.upstream.port().unwrap());
        format!("MAP {host}:{port} 127.0.0.1:{}", self.port)
    }

    /// Returns the requests so far, without preflights.
    pub(super) fn requests(&self) -> Vec<Recorded> {
        let requests = self.requests.lock().unwrap();
        requests.iter().filter(|request| request.method != "OPTIONS").cloned().collect()
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn pass(State(upstream): State<Arc<Upstream>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let mut url = upstream.url.clone();
    url.set_path(parts.uri.path());
    url.set_query(parts.uri.query());
    let mut sent = upstream.client.request(parts.method.clone(), url);
    // The client itself adds the host of the URL, which is what the browser has sent.
    for (name, value) in parts.headers.iter().filter(|(name, _)| **name != http::header::HOST) {
        sent = sent.header(name, value);
    }
    let received = sent.body(to_bytes(body, usize::MAX).await.unwrap()).send().await.unwrap();
    let (status, headers) = (received.status(), received.headers().clone());
    let body = received.bytes().await.unwrap();
    let range = parts.headers.get(http::header::RANGE).map(|range| range.to_str().unwrap().to_owned());
    upstream.requests.lock().unwrap().push(Recorded {
        method: parts.method.to_string(),
        path: parts.uri.path().to_owned(),
        range,
        has_token: parts.headers.contains_key(http::header::AUTHORIZATION),
        status: status.as_u16(),
        bytes: body.len(),
    });
    let mut response = Response::new(Body::from(body));
    (*response.status_mut(), *response.headers_mut()) = (status, headers);
    response
}
