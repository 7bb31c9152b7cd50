//! `cargo xtask smoke`: real clients read the stack, and each thing that is broken is named.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::response::Response;
use http::{HeaderName, StatusCode};
use reqwest::redirect::Policy;
use serde_json::Value;
use tokio::net::TcpListener;

use crate::command::Run;
use crate::stack::{run_xtask_of_stack, stack, stack_file, xtask_of_stack};

/// What is broken between the clients and the stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Broken {
    /// The response headers policy has no CORS.
    Cors,
    /// The key group does not have the signing key.
    KeyIsUntrusted,
    /// The bucket policy does not allow `s3:ListBucket`.
    List,
    /// The behavior trusts no key group.
    SignatureIsNotChecked,
}

struct Proxy {
    broken: Broken,
    /// The URLs of the real servers, and of this one.
    api_url: String,
    cdn_url: String,
    own_url: String,
    client: reqwest::Client,
}

/// Passes requests to the API below `/api`, and all others to the CDN, under its own address.
async fn pass(State(proxy): State<Arc<Proxy>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
    let api_path = path.strip_prefix("/api");
    let url = match api_path {
        Some(path) => format!("{}{path}", proxy.api_url),
        None => format!("{}{path}", proxy.cdn_url),
    };
    let is_asset = api_path.is_none();
    let body = to_bytes(body, usize::MAX).await.unwrap();
    let mut sent = proxy.client.request(parts.method, url).body(body);
    for (name, value) in parts.headers.iter().filter(|(name, _)| **name != http::header::HOST) {
        sent = sent.header(name, value);
    }
    let received = sent.send().await.unwrap();
    let (mut status, mut headers) = (received.status(), received.headers().clone());
    let mut bytes = received.bytes().await.unwrap();
    if api_path.is_some_and(|path| path.starts_with("/cloudfront/sign")) {
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        bytes = text.replace(&proxy.cdn_url, &proxy.own_url).into();
        headers.remove(http::header::CONTENT_LENGTH);
    }
    if is_asset {
        match proxy.broken {
            Broken::Cors => {
                let is_cors = |name: &HeaderName| name.as_str().starts_with("access-control-");
                let names: Vec<HeaderName> = headers.keys().filter(|name| is_cors(name)).cloned().collect();
                for name in names {
                    headers.remove(name);
                }
            }
            Broken::KeyIsUntrusted => status = StatusCode::FORBIDDEN,
            Broken::List if status == StatusCode::NOT_FOUND => status = StatusCode::FORBIDDEN,
            Broken::SignatureIsNotChecked if status == StatusCode::FORBIDDEN => status = StatusCode::OK,
            Broken::List | Broken::SignatureIsNotChecked => {}
        }
    }
    let mut response = Response::new(Body::from(bytes));
    (*response.status_mut(), *response.headers_mut()) = (status, headers);
    response
}

/// Runs the command against a stack with something broken, and returns its report.
async fn report_with(broken: Broken) -> Vec<Value> {
    let stack = stack().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let own_url = format!("http://{}", listener.local_addr().unwrap());
    let proxy = Proxy {
        broken,
        api_url: stack.api_url.clone(),
        cdn_url: stack.cdn_url.clone(),
        own_url: own_url.clone(),
        client: reqwest::Client::builder().no_proxy().redirect(Policy::none()).build().unwrap(),
    };
    let router = Router::new().fallback(pass).with_state(Arc::new(proxy));
    let server = tokio::spawn(axum::serve(listener, router).into_future());
    let mut described: Value = serde_json::from_slice(&std::fs::read(stack_file().await).unwrap()).unwrap();
    described["api_url"] = format!("{own_url}/api").into();
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("stack.json");
    std::fs::write(&file, described.to_string()).unwrap();
    let mut command = xtask_of_stack(&["smoke", "--json"]).await;
    command.env("PACKAGES_STACK", &file);
    let ended = Run::start_command(command).end().await;
    server.abort();
    assert_eq!(ended.code, Some(3), "{broken:?}: {}", ended.stderr);
    serde_json::from_str(&ended.stdout).unwrap()
}

/// Returns the rules that failed, with the advice of each.
fn failures(report: &[Value]) -> Vec<(&str, &str)> {
    let failed = report.iter().filter(|check| check["result"] == "failed");
    failed.map(|check| (check["rule"].as_str().unwrap(), check["advice"].as_str().unwrap())).collect()
}

#[tokio::test]
async fn all_clients_read_the_stack() {
    let (code, stdout, stderr) = run_xtask_of_stack(&["smoke"]).await;
    assert_eq!(code, Some(0), "{stdout}{stderr}");
    for client in ["API", "curl", "DuckDB", "pyarrow", "zarr-python", "Chromium"] {
        assert!(stdout.lines().any(|line| line.starts_with(&format!("✓ {client} "))), "{client}: {stdout}");
    }
    let skipped: Vec<&str> = stdout.lines().filter(|line| line.starts_with('·')).collect();
    assert!(skipped.iter().all(|line| line.contains("allows every origin")), "{skipped:?}");
    assert!(!stdout.contains("Signature="), "{stdout}");
}

#[tokio::test]
async fn meaning_of_each_rule_is_documented() {
    let (_, stdout, stderr) = run_xtask_of_stack(&["smoke", "--json"]).await;
    let report: Vec<Value> =
        serde_json::from_str(&stdout).unwrap_or_else(|error| panic!("{error}: {stderr}"));
    let (_, guide) = include_str!("../../../docs/troubleshooting.md").split_once("\n## smoke\n").unwrap();
    let rules =
        report.iter().filter(|check| check["client"] != "api").map(|check| check["rule"].as_str().unwrap());
    let missing: Vec<&str> = rules.filter(|rule| !guide.contains(&format!("`{rule}`"))).collect();
    assert!(report.len() > 20 && missing.is_empty(), "{missing:?}");
}

#[tokio::test]
async fn missing_cors_is_named() {
    let report = report_with(Broken::Cors).await;
    let failures = failures(&report);
    assert!(failures.iter().all(|(_, advice)| advice.contains("response headers policy")), "{failures:?}");
    let rules: Vec<&str> = failures.iter().map(|(rule, _)| *rule).collect();
    assert!(rules.contains(&"a page of any origin may read an asset and its Content-Range"), "{rules:?}");
    assert!(rules.contains(&"reads a range and its Content-Range"), "{rules:?}");
}

#[tokio::test]
async fn untrusted_key_is_named() {
    let report = report_with(Broken::KeyIsUntrusted).await;
    let failures = failures(&report);
    assert!(
        failures.contains(&("HEAD returns the size", failures[0].1)) && failures[0].1.contains("signing key"),
        "{failures:?}"
    );
}

#[tokio::test]
async fn missing_permission_to_list_is_named() {
    let report = report_with(Broken::List).await;
    let failures = failures(&report);
    let rules: Vec<&str> = failures.iter().map(|(rule, _)| *rule).collect();
    let expected =
        ["a missing asset is 404", "reads a chunk of the Zarr array", "sees that an asset is missing"];
    assert_eq!(rules, expected);
    assert!(failures.iter().all(|(_, advice)| advice.contains("s3:ListBucket")), "{failures:?}");
}

#[tokio::test]
async fn open_assets_are_named() {
    let report = report_with(Broken::SignatureIsNotChecked).await;
    let failures = failures(&report);
    assert_eq!(failures.len(), 5, "{failures:?}");
    assert!(
        failures.iter().all(|(_, advice)| advice.contains("anybody can read the assets")),
        "{failures:?}"
    );
}
