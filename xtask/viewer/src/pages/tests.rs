use axum::routing::get;
use http::HeaderMap;
use serde_json::{Value, json};
use tokio::sync::oneshot;

use super::*;
use crate::environment::DemoPackage;

/// The largest script that the page loads, in bytes. The libraries that it consists of, for Parquet and Zarr, are three
/// quarters of it.
const LARGEST_SCRIPT: usize = 120_000;

fn environment(api_url: &str, api_access: ApiAccess) -> ViewerEnvironment {
    ViewerEnvironment {
        name: "test".to_owned(),
        api_url: api_url.parse().unwrap(),
        api_access,
        cdn_url: "https://d1.cloudfront.test".parse().unwrap(),
        issuer_url: None,
        users: Vec::new(),
        demo: Some(DemoPackage {
            dataset_id: "N:dataset:1".to_owned(),
            package_id: "N:package:1".to_owned(),
            assets: vec!["a.parquet".to_owned()],
        }),
    }
}

/// A running viewer, and what stops it.
struct Running {
    url: String,
    _stop: oneshot::Sender<()>,
}

async fn start(environment: ViewerEnvironment) -> Running {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (stop, stopped) = oneshot::channel::<()>();
    tokio::spawn(async move {
        serve(listener, &environment, async {
            let _ = stopped.await;
        })
        .await
        .unwrap();
    });
    Running { url, _stop: stop }
}

#[tokio::test]
async fn page_has_a_policy_that_allows_only_the_servers_of_the_environment() {
    let viewer = start(environment("http://127.0.0.1:9001/x", ApiAccess::Direct)).await;
    for (path, content_type, _) in FILES {
        let response = reqwest::get(format!("{}{path}", viewer.url)).await.unwrap();
        assert_eq!(response.status(), 200, "{path}");
        assert_eq!(response.headers()["content-type"], content_type);
        let policy = response.headers()["content-security-policy"].to_str().unwrap();
        assert!(policy.starts_with("default-src 'none'"), "{policy}");
        assert!(
            policy.contains("connect-src 'self' http://127.0.0.1:9001 https://d1.cloudfront.test;"),
            "{policy}"
        );
        assert!(!policy.contains("unsafe"), "{policy}");
    }
    let document = reqwest::get(format!("{}/environment.json", viewer.url)).await.unwrap();
    let document: Value = document.json().await.unwrap();
    assert_eq!(document["apiUrl"], "http://127.0.0.1:9001/x");
    assert_eq!(document["tokenUrl"], Value::Null);
    assert_eq!(document["demo"]["packageId"], "N:package:1");
    let proxied = reqwest::get(format!("{}/api/cloudfront/sign", viewer.url)).await.unwrap();
    assert_eq!(proxied.status(), 404, "nothing is passed on where the API allows the page");
}

#[tokio::test]
async fn proxy_passes_on_the_query_and_the_token_and_nothing_else() {
    let echo = get(async |uri: http::Uri, headers: HeaderMap| {
        let header = |name: &str| headers.get(name).map(|value| value.to_str().unwrap().to_owned());
        let names: Vec<&str> = headers.keys().map(http::HeaderName::as_str).collect();
        let body = json!({
            "uri": uri.to_string(),
            "authorization": header("authorization"),
            "names": names,
        });
        (
            StatusCode::FORBIDDEN,
            [("apigw-requestid", "id-1"), ("content-type", "application/json"), ("set-cookie", "a=b")],
            body.to_string(),
        )
    });
    let api = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let api_url = format!("http://{}/packages", api.local_addr().unwrap());
    tokio::spawn(axum::serve(api, Router::new().fallback(echo)).into_future());
    let viewer = start(environment(&api_url, ApiAccess::Proxied)).await;

    let document = reqwest::get(format!("{}/environment.json", viewer.url)).await.unwrap();
    assert_eq!(document.json::<Value>().await.unwrap()["apiUrl"], "api");
    let request = reqwest::Client::new()
        .get(format!("{}/api/cloudfront/sign?dataset_id=N%3Adataset%3A1&scope=package", viewer.url))
        .header("authorization", "Bearer token")
        .header("cookie", "secret=1")
        .header("origin", "http://127.0.0.1:1");
    let response = request.send().await.unwrap();
    assert_eq!(response.status(), 403);
    assert_eq!(response.headers()["apigw-requestid"], "id-1");
    assert!(!response.headers().contains_key("set-cookie"));
    assert!(!response.headers().contains_key("access-control-allow-origin"));
    let body: Value = response.json().await.unwrap();
    assert_eq!(body["uri"], "/packages/cloudfront/sign?dataset_id=N%3Adataset%3A1&scope=package");
    assert_eq!(body["authorization"], "Bearer token");
    assert_eq!(body["names"], json!(["authorization", "accept", "host"]));

    for other in ["/api/presign/s3", "/api/restore", "/api/"] {
        let response = reqwest::get(format!("{}{other}", viewer.url)).await.unwrap();
        assert_eq!(response.status(), 404, "{other}");
    }
}

#[tokio::test]
async fn api_that_cannot_be_reached_is_reported_without_its_url() {
    let silent = tokio::net::TcpSocket::new_v4().unwrap();
    silent.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let api_url = format!("http://{}", silent.local_addr().unwrap());
    let viewer = start(environment(&api_url, ApiAccess::Proxied)).await;
    let response =
        reqwest::get(format!("{}/api/cloudfront/sign?dataset_id=secret", viewer.url)).await.unwrap();
    assert_eq!(response.status(), 502);
    let body: Value = response.json().await.unwrap();
    let message = body["message"].as_str().unwrap();
    assert!(message.starts_with("the server of this page could not reach the API"), "{message}");
    assert!(!message.contains("secret"), "{message}");
}

#[tokio::test]
async fn other_host_is_rejected() {
    let viewer = start(environment("http://127.0.0.1:9001", ApiAccess::Direct)).await;
    let request = reqwest::Client::new().get(&viewer.url).header("host", "evil.test");
    assert_eq!(request.send().await.unwrap().status(), StatusCode::MISDIRECTED_REQUEST);
}

/// The policy forbids all of this anyway, but this test fails before a user opens the page.
#[test]
fn page_has_no_inline_code_and_no_markup_from_text() {
    let page = include_str!("../../page/index.html");
    for forbidden in ["style=", "<style", "http:", "https:", "onclick"] {
        assert!(!page.contains(forbidden), "{forbidden}");
    }
    for script in [include_str!("../../page/viewer.js"), include_str!("../../page/decoders.js")] {
        for forbidden in
            ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function"]
        {
            assert!(!script.contains(forbidden), "{forbidden}");
        }
    }
}

#[test]
fn script_of_the_page_is_small() {
    let bytes = include_str!("../../page/viewer.js").len();
    assert!(bytes < LARGEST_SCRIPT, "viewer.js has {bytes} bytes");
}
