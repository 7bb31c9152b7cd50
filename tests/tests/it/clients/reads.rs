//! How a page of another origin reads assets: ranges, sizes, errors, redirects and caches, as far as a browser lets it.

use std::collections::BTreeMap;

use axum::Router;
use axum::extract::Query;
use axum::http::header::{ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_ORIGIN, CONTENT_TYPE, LOCATION};
use axum::http::{Method, StatusCode};
use axum::response::{Html, IntoResponse as _, Response};
use axum::routing::get;
use serde::Deserialize;
use serde_json::{Value, json};

use super::chromium;
use crate::aws::Aws;
use crate::client::Client;

#[derive(Debug, Deserialize)]
struct Read {
    status: u16,
    body: String,
    headers: BTreeMap<String, Option<String>>,
}

impl Read {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(Option::as_deref).unwrap_or("not exposed")
    }
}

/// Redirects to the URL in the query, from an origin that is neither the page's nor the CDN's.
async fn redirect(method: Method, Query(query): Query<BTreeMap<String, String>>) -> Response {
    let cors = [(ACCESS_CONTROL_ALLOW_ORIGIN, "*"), (ACCESS_CONTROL_ALLOW_HEADERS, "range")];
    if method == Method::OPTIONS {
        return (StatusCode::NO_CONTENT, cors).into_response();
    }
    (StatusCode::TEMPORARY_REDIRECT, cors, [(LOCATION, query["to"].clone())]).into_response()
}

/// Sends requests, each with a name, from a page whose service worker is active.
async fn read(requests: Value) -> BTreeMap<String, Read> {
    let pages = Router::new()
        .route("/", get(async || Html(include_str!("reads.html"))))
        .route("/worker.js", get(async || ([(CONTENT_TYPE, "text/javascript")], include_str!("reads.js"))))
        .route("/redirect", get(redirect).options(redirect));
    let reads: Vec<Value> =
        serde_json::from_str(&chromium::report(pages, requests.to_string(), &[]).await).unwrap();
    reads
        .into_iter()
        .map(|read| (read["name"].as_str().unwrap().to_owned(), serde_json::from_value(read).unwrap()))
        .collect()
}

#[tokio::test]
async fn pages_of_other_origins_read_assets() {
    let client = Client::new().await;
    let url = client.sign(&client.stack.assets.parquet).await;
    let missing = client.sign("no/such/chunk").await;
    let new = client.sign("reads/new").await;
    let key = reqwest::Url::parse(&new).unwrap().path().trim_start_matches('/').to_owned();
    Aws::new().await.put_object(&client.stack.buckets.assets, &key, b"a new object").await;
    let (unsigned, query) = url.split_once('?').unwrap();
    let size = client.http.head(&url).send().await.unwrap().headers()["content-length"].clone();
    let size = size.to_str().unwrap();
    let presign = reqwest::Url::parse_with_params(
        &format!("{}/presign/s3", client.stack.api_url),
        client.asset(&client.stack.assets.parquet),
    )
    .unwrap()
    .to_string();
    let authorization = format!("Bearer {}", client.stack.tokens["viewer"]);
    let range = |range: &str| json!({ "Range": range });
    // The name is resolved by the browser itself, to the same server.
    let elsewhere = |to: &str| {
        let to = reqwest::Url::parse_with_params("http://localhost/redirect", [("to", to)]).unwrap();
        json!(format!("//localhost:PAGE_PORT{}?{}", to.path(), to.query().unwrap()))
    };
    let requests = json!([
        { "name": "first bytes", "url": url, "headers": range("bytes=0-3"), "cache": "no-store" },
        { "name": "last bytes", "url": url, "headers": range("bytes=-4"), "cache": "no-store" },
        { "name": "after the end", "url": url, "headers": range("bytes=99999999-"), "cache": "no-store" },
        { "name": "HEAD", "url": url, "method": "HEAD" },
        { "name": "HEAD of a range", "url": url, "method": "HEAD", "headers": range("bytes=0-") },
        { "name": "version of the page", "url": url, "headers": { "If-None-Match": "*" } },
        { "name": "range of a version", "url": url, "headers": { "Range": "bytes=0-3", "If-Range": "\"x\"" } },
        { "name": "missing", "url": missing },
        { "name": "changed signature", "url": url.replace("Signature=", "Signature=A") },
        { "name": "service worker", "url": format!("{unsigned}#sign={query}"), "headers": range("bytes=-4") },
        { "name": "redirect of the API", "url": presign, "headers": { "Authorization": authorization, "Range": "bytes=0-3" } },
        { "name": "redirect to the CDN", "url": elsewhere(&url), "headers": range("bytes=0-3") },
        { "name": "new", "url": new },
        { "name": "again", "url": new },
    ]);
    let reads = read(requests).await;
    let got = |name: &str| &reads[name];

    for (name, status) in [
        ("first bytes", 206),
        ("last bytes", 206),
        ("after the end", 416),
        ("HEAD", 200),
        ("HEAD of a range", 200),
        ("version of the page", 304),
        ("range of a version", 200),
        ("missing", 404),
        ("changed signature", 403),
        ("service worker", 206),
        ("redirect of the API", 206),
        ("redirect to the CDN", 206),
    ] {
        assert_eq!(got(name).status, status, "{name}: {:?}", got(name));
    }
    for name in ["first bytes", "last bytes", "service worker", "redirect of the API", "redirect to the CDN"]
    {
        assert_eq!(got(name).body, "PAR1", "{name}");
        assert_eq!(got(name).header("content-length"), "4", "{name}");
        assert!(got(name).header("content-range").ends_with(&format!("/{size}")), "{name}");
    }
    for name in ["HEAD", "HEAD of a range"] {
        assert_eq!(got(name).header("content-length"), size, "{name}");
        assert_eq!(got(name).header("accept-ranges"), "bytes", "{name}");
    }
    // The browser has answered the second request: the CDN would have answered with a hit.
    for name in ["new", "again"] {
        assert_eq!(got(name).body, "a new object", "{name}");
        assert_eq!(got(name).header("x-cache"), "Miss from cloudfront", "{name}");
    }
    assert_eq!(got("first bytes").header("cache-control"), "private, max-age=3600");
    assert!(got("first bytes").header("x-cache").ends_with("from cloudfront"));
    assert!(got("HEAD").header("etag").starts_with('"'));
}
