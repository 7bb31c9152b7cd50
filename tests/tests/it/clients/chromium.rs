//! Chromium, with a page that sends requests and reports the responses.

use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::response::Html;
use axum::routing::{get, post};
use tokio::net::TcpListener;
use tokio::process::Command;
use tokio::sync::mpsc;

use super::{ClientResponse, Request};

/// Long enough for a slow machine that also compiles.
const LIMIT: Duration = Duration::from_mins(5);

/// The servers of the tests are on this machine.
const NO_PROXY: &str = "--no-proxy-server";

pub(super) struct Page {
    /// As JSON.
    requests: String,
    responses: mpsc::Sender<String>,
}

/// Sends requests from a page of another origin.
pub(super) async fn send(requests: &[Request]) -> Vec<ClientResponse> {
    let pages = Router::new().route("/", get(async || Html(include_str!("page.html"))));
    let responses = report(pages, serde_json::to_string(requests).unwrap(), &[]).await;
    serde_json::from_str(&responses).unwrap()
}

/// Opens `/` of `pages`, which gets `requests` from `/requests` and posts its text to `/responses`.
///
/// `options` are more options of the browser.
pub(super) async fn report(pages: Router<Arc<Page>>, requests: String, options: &[String]) -> String {
    let program = program();
    let (responses, mut reported) = mpsc::channel(1);
    let pages = pages
        .route("/requests", get(async |State(page): State<Arc<Page>>| page.requests.clone()))
        .route(
            "/responses",
            post(async |State(page): State<Arc<Page>>, body: String| {
                page.responses.send(body).await.unwrap();
            }),
        )
        .with_state(Arc::new(Page { requests, responses }));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let page = format!("http://{}/", listener.local_addr().unwrap());
    let server = tokio::spawn(axum::serve(listener, pages).into_future());

    let profile = tempfile::tempdir().unwrap();
    let mut browser = Command::new(program)
        .args(options_for_tests())
        .args(options)
        .arg(format!("--user-data-dir={}", profile.path().display()))
        .arg(&page)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let responses = tokio::select! {
        responses = reported.recv() => responses.unwrap(),
        ended = browser.wait() => panic!("Chromium ended before its page had reported: {ended:?}"),
        () = tokio::time::sleep(LIMIT) => panic!("the page in Chromium has not reported within {LIMIT:?}"),
    };
    browser.kill().await.unwrap();
    server.abort();
    responses
}

/// Returns the options of the browser in each test.
pub(crate) fn options_for_tests() -> impl Iterator<Item = &'static str> {
    smoke::BROWSER_OPTIONS.iter().copied().chain([NO_PROXY])
}

pub(crate) fn program() -> PathBuf {
    smoke::find_browser().unwrap_or_else(|| {
        panic!(
            "there is no Chromium; install it (Debian: apt install chromium; macOS: brew install --cask chromium), \
             or name it in CHROMIUM"
        )
    })
}
