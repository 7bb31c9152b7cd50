//! DuckDB-WASM in Chromium: it reads a column of a Parquet file by ranges, over each kind of URL.

use axum::Router;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{Html, IntoResponse as _, Response};
use axum::routing::get;
use machine::Unreported;
use machine::node::DUCKDB_WASM;
use openapi::SignedPackage;
use reqwest::Url;
use serde::Deserialize;
use serde_json::{Value, json};

use super::chromium;
use super::recorder::{Recorded, Recorder};
use crate::client::{Client, json_of};
use crate::viewer::Package;
use crate::viewer::files::doubles;

const ASSET: &str = "table.parquet";
const COLUMNS: u32 = 20;
const GROUPS: u32 = 4;
const ROWS_PER_GROUP: u32 = 10_000;

/// What the page reports.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Report {
    Rows(Vec<Vec<f64>>),
    /// The text of DuckDB, and what a page may show of it.
    Error {
        raw: String,
        shown: String,
    },
}

/// What DuckDB found, and which requests that took.
struct Reading {
    report: Report,
    api: Vec<Recorded>,
    cdn: Vec<Recorded>,
    s3: Vec<Recorded>,
}

/// A package with one Parquet file.
struct Table {
    package: Package,
    size: usize,
}

impl Table {
    async fn create() -> Self {
        let package = Package::create().await;
        let file = doubles(COLUMNS, GROUPS, ROWS_PER_GROUP);
        package.put(ASSET, &file).await;
        Self { package, size: file.len() }
    }

    fn client(&self) -> &Client {
        &self.package.client
    }

    fn parameters(&self) -> [(&str, &str); 3] {
        [
            ("dataset_id", &self.package.dataset.node_id),
            ("package_id", &self.package.node_id),
            ("path", ASSET),
        ]
    }

    /// Returns a URL of the API.
    fn api(&self, route: &str, parameters: &[(&str, &str)]) -> String {
        let url = format!("{}{route}", self.client().stack.api_url);
        Url::parse_with_params(&url, parameters).unwrap().into()
    }

    /// Returns the URL of the file with the signature of the package.
    async fn signed(&self) -> String {
        let parameters = [self.parameters().as_slice(), &[("scope", "package")]].concat();
        let signed: SignedPackage = json_of(self.client().get("/cloudfront/sign", &parameters).await).await;
        signed.signed_url.unwrap()
    }

    async fn presigned(&self) -> String {
        let parameters = [self.parameters().as_slice(), &[("redirect", "false")]].concat();
        let response: Value = json_of(self.client().get("/presign/s3", &parameters).await).await;
        response["presigned_url"].as_str().unwrap().to_owned()
    }

    /// Queries one column of the file at a URL.
    async fn query(&self, url: &str, options: Value) -> Reading {
        let stack = self.client().stack;
        let [api, cdn, s3] = [&stack.api_url, &stack.cdn_url, &stack.aws_endpoint_url];
        let (api, cdn, s3) =
            (Recorder::start(api).await, Recorder::start(cdn).await, Recorder::start(s3).await);
        let rules = [&api, &cdn, &s3].map(Recorder::resolver_rule).join(", ");
        let mut request = json!({
            "url": url,
            "sql": "SELECT count(c3), min(c3), max(c3) FROM 'asset.parquet'",
            "config": {},
        });
        request.as_object_mut().unwrap().extend(options.as_object().unwrap().clone());
        install().await;
        let pages = Router::new()
            .route("/", get(async || page(include_str!("duckdb_wasm.html"))))
            .route("/token.js", get(async || ([(CONTENT_TYPE, "text/javascript")], include_str!("token.js"))))
            .route("/modules/{*path}", get(module));
        let options = [format!("--host-resolver-rules={rules}")];
        let report = chromium::report(pages, request.to_string(), &options).await;
        let report = serde_json::from_str(&report).unwrap();
        Reading { report, api: api.requests(), cdn: cdn.requests(), s3: s3.requests() }
    }
}

/// Returns what an example prints in a page. Its `assets` sign all paths with this URL.
pub(crate) async fn printed_by(example: &str, url: &str) -> String {
    install().await;
    let url = json!(url);
    let script = format!("const assets = {{ url: async () => {url} }}\n{example}\nglobalThis.ended()");
    let pages = Router::new()
        .route("/", get(async || page(include_str!("example.html"))))
        .route("/example.js", get(async || ([(CONTENT_TYPE, "text/javascript")], script)))
        .route(
            "/duckdb/{*path}",
            get(async |Path(path): Path<String>| file(&format!("@duckdb/duckdb-wasm/dist/{path}")).await),
        )
        .route("/modules/{*path}", get(module));
    chromium::report(pages, String::new(), &[]).await
}

/// Returns a page with the addresses of the installed modules.
fn page(html: &str) -> Html<String> {
    Html(html.replace("IMPORT_MAP", include_str!("import_map.json")))
}

async fn install() {
    tokio::task::spawn_blocking(|| DUCKDB_WASM.install(&Unreported)).await.unwrap().unwrap();
}

async fn module(Path(path): Path<String>) -> Response {
    file(&path).await
}

/// Returns a file of the installed packages.
async fn file(path: &str) -> Response {
    let is_wasm = std::path::Path::new(path).extension().is_some_and(|extension| extension == "wasm");
    let content_type = if is_wasm { "application/wasm" } else { "text/javascript" };
    match tokio::fs::read(DUCKDB_WASM.dependencies().join(path)).await {
        Ok(file) => ([(CONTENT_TYPE, content_type)], file).into_response(),
        Err(_) => StatusCode::NOT_FOUND.into_response(),
    }
}

/// Checks that DuckDB found the rows with requests for ranges: its read-ahead is larger than a column chunk, but it is far
/// from the whole file.
fn assert_read_by_ranges(report: &Report, requests: &[Recorded], size: usize) {
    let rows = GROUPS * ROWS_PER_GROUP;
    let expected = [f64::from(rows), 0.03, f64::from(rows - 1) + 0.03];
    assert!(matches!(report, Report::Rows(rows) if rows == &[expected]), "{report:?}");
    let (head, reads) = requests.split_first().unwrap();
    assert_eq!(head.method, "HEAD", "{requests:#?}");
    assert!(matches!(head.status, 200 | 206), "{requests:#?}");
    assert!(reads.iter().all(|read| read.range.is_some() && read.status == 206), "{requests:#?}");
    let bytes: usize = reads.iter().map(|read| read.bytes).sum();
    assert!(bytes < size / 4, "{bytes} of {size} bytes: {requests:#?}");
}

/// Checks that each request to the API was redirected to S3 with its method and its range, and without the token.
fn assert_redirected(api: &[Recorded], s3: &[Recorded]) {
    assert!(api.iter().all(|request| request.status == 307 && request.bytes == 0), "{api:#?}");
    let sent = |requests: &[Recorded]| -> Vec<(String, Option<String>)> {
        requests.iter().map(|it| (it.method.clone(), it.range.clone())).collect()
    };
    assert_eq!(sent(api), sent(s3));
    assert!(s3.iter().all(|request| !request.has_token), "{s3:#?}");
}

#[tokio::test]
async fn column_is_read_by_ranges_with_the_signature_of_a_package() {
    let table = Table::create().await;
    let read = table.query(&table.signed().await, json!({})).await;
    assert_read_by_ranges(&read.report, &read.cdn, table.size);
    assert!(read.api.is_empty() && read.s3.is_empty());
}

/// DuckDB sends no headers of the page, so a service worker adds the token.
#[tokio::test]
async fn column_is_read_by_ranges_over_redirects_of_the_presigning_route() {
    let table = Table::create().await;
    let url = table.api("/presign/s3", &table.parameters());
    let read = table.query(&url, json!({ "token": table.client().stack.tokens["viewer"] })).await;
    assert_read_by_ranges(&read.report, &read.s3, table.size);
    assert!(read.api.iter().all(|request| request.has_token), "{:#?}", read.api);
    assert_redirected(&read.api, &read.s3);
}

#[tokio::test]
async fn column_is_read_by_ranges_over_redirects_of_the_proxy() {
    let table = Table::create().await;
    let url = table.api("/proxy/s3", &[("presigned_url", &table.presigned().await)]);
    let read = table.query(&url, json!({})).await;
    assert_read_by_ranges(&read.report, &read.s3, table.size);
    assert!(read.api.iter().all(|request| !request.has_token), "{:#?}", read.api);
    assert_redirected(&read.api, &read.s3);
}

/// S3 signs the method: a URL for GET rejects HEAD, and DuckDB then takes the whole file. This is why the routes above redirect.
#[tokio::test]
async fn presigned_url_itself_is_downloaded_as_a_whole() {
    let table = Table::create().await;
    let read = table.query(&table.presigned().await, json!({})).await;
    assert!(matches!(read.report, Report::Rows(_)), "{:?}", read.report);
    let requests: Vec<_> =
        read.s3.iter().map(|it| (&*it.method, it.status, it.range.is_some(), it.bytes)).collect();
    assert_eq!(requests, [("HEAD", 403, true, 0), ("GET", 200, false, table.size)]);
}

/// CloudFront answers HEAD with 200 whatever the range, and DuckDB takes that for a server without ranges. Its default
/// asks once more, with GET.
#[tokio::test]
async fn column_is_not_read_where_full_reads_are_off() {
    let table = Table::create().await;
    let config = json!({ "config": { "filesystem": { "allowFullHTTPReads": false } } });
    let read = table.query(&table.signed().await, config).await;
    assert!(matches!(read.report, Report::Error { .. }), "{:?}", read.report);
    assert!(read.cdn.iter().all(|request| request.method == "HEAD"), "{:#?}", read.cdn);
}

#[tokio::test]
async fn rejected_signature_is_an_error_without_rows() {
    let table = Table::create().await;
    let altered = table.signed().await.replace("Signature=", "Signature=A");
    let read = table.query(&altered, json!({})).await;
    assert!(read.cdn.iter().all(|request| request.status == 403), "{:#?}", read.cdn);
    assert!(matches!(read.report, Report::Error { .. }), "{:?}", read.report);
}

#[tokio::test]
async fn error_about_the_network_has_the_signature_until_the_page_removes_it() {
    let table = Table::create().await;
    // Browsers connect to port 1 of no host.
    let unreachable = table.signed().await.replace(&table.client().stack.cdn_url, "http://127.0.0.1:1");
    let read = table.query(&unreachable, json!({})).await;
    let Report::Error { raw, shown } = read.report else { panic!("{:?}", read.report) };
    assert!(raw.contains("Signature=") && raw.contains("Policy="), "{raw}");
    assert!(shown.contains(ASSET) && !shown.contains("Signature") && !shown.contains("Policy"), "{shown}");
}
