//! Chromium, with a page that reads assets and reports what it found.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::response::Html;
use axum::routing::{get, post};
use reqwest::header::CONTENT_TYPE;
use serde::Deserialize;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::process::Command;
use tokio::sync::mpsc;

use crate::MISSING;
use crate::check::{Check, Client, advice};
use crate::signature::{Signed, without_queries};
use crate::subject::Subject;

/// The names of the program, in the order in which they are looked for.
const NAMES: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/// Only the page: no sandbox, which does not work for root, and no background activity of the browser.
pub const BROWSER_OPTIONS: &[&str] = &[
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
];

/// A page for the browser.
struct Page {
    /// The document. It requests `/job`, and sends what it found to `/report`.
    html: &'static str,
    /// What the document gets from `/job`: JSON.
    job: String,
    /// How long the page may take.
    limit: Duration,
}

/// Why a page has not reported.
#[derive(Debug, thiserror::Error)]
enum BrowserError {
    /// The page or the browser could not be started.
    #[error("cannot start the browser: {0}")]
    Start(#[from] std::io::Error),
    /// The browser ended.
    #[error("the browser ended before its page had reported: {0}")]
    Ended(std::process::ExitStatus),
    /// The page takes too long.
    #[error("the page has not reported within {0:?}")]
    Late(Duration),
}

/// Returns the browser: the one that `CHROMIUM` names, or the first one on `PATH`.
pub fn find_browser() -> Option<PathBuf> {
    let named = std::env::var_os("CHROMIUM").filter(|named| !named.is_empty()).map(PathBuf::from);
    let path = std::env::var_os("PATH").unwrap_or_default();
    let find = |name: &str| {
        std::env::split_paths(&path)
            .map(|directory| directory.join(name))
            .find(|candidate| candidate.is_file())
    };
    named.or_else(|| NAMES.into_iter().find_map(find))
}

struct Server {
    page: Page,
    reports: mpsc::Sender<String>,
}

/// Opens a page in a new browser, and returns what it reports.
async fn report_of(browser: &Path, page: Page) -> Result<String, BrowserError> {
    let limit = page.limit;
    let (reports, mut reported) = mpsc::channel(1);
    let pages = Router::new()
        .route("/", get(async |State(server): State<Arc<Server>>| Html(server.page.html)))
        .route("/worker.js", get(async || ([(CONTENT_TYPE, "text/javascript")], include_str!("worker.js"))))
        .route("/job", get(async |State(server): State<Arc<Server>>| server.page.job.clone()))
        .route(
            "/report",
            post(async |State(server): State<Arc<Server>>, body: String| {
                // The first report ends the browser; a page that reports twice is not heard again.
                let _is_first = server.reports.try_send(body);
            }),
        )
        .with_state(Arc::new(Server { page, reports }));
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}/", listener.local_addr()?);
    let server = tokio::spawn(axum::serve(listener, pages).into_future());

    let profile = tempfile::tempdir()?;
    let mut process = Command::new(browser)
        .args(BROWSER_OPTIONS)
        .arg(format!("--user-data-dir={}", profile.path().display()))
        .arg(&url)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()?;
    let outcome = tokio::select! {
        report = reported.recv() => report.ok_or(BrowserError::Late(limit)),
        ended = process.wait() => Err(BrowserError::Ended(ended?)),
        () = tokio::time::sleep(limit) => Err(BrowserError::Late(limit)),
    };
    process.kill().await?;
    server.abort();
    outcome
}

/// What the page found in a response, or why it got none.
#[derive(Debug, Deserialize)]
struct Found {
    #[serde(default)]
    status: u16,
    #[serde(default)]
    bytes: u64,
    #[serde(default)]
    size: Option<u64>,
    #[serde(default)]
    content_range: Option<String>,
    #[serde(default)]
    error: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Report {
    range: Found,
    suffix: Found,
    head: Found,
    missing: Found,
    worker: Found,
}

/// Checks what a page can read.
pub(crate) async fn checks(subject: &Subject, signed: &Signed, size: Option<u64>) -> Vec<Check> {
    let skipped = |reason: String| vec![Check::skipped(Client::Chromium, "reads the assets", reason)];
    let Some(browser) = find_browser() else {
        return skipped("there is no Chromium; install it, or name it in CHROMIUM".to_owned());
    };
    let job = json!({
        "parquet": signed.package.url(&subject.parquet).as_str(),
        "missing": signed.package.url(MISSING).as_str(),
    });
    let page = Page { html: include_str!("page.html"), job: job.to_string(), limit: Duration::from_mins(1) };
    let report = match report_of(&browser, page).await {
        Ok(report) => report,
        Err(error) => return skipped(error.to_string()),
    };
    match serde_json::from_str(&report) {
        Ok(report) => judge(&report, size),
        Err(error) => skipped(format!("the page reported something else: {error}")),
    }
}

fn judge(report: &Report, size: Option<u64>) -> Vec<Check> {
    let check = |rule, found: &Found, holds: bool| {
        let no_cors = found.error.is_some();
        let advice = if no_cors { advice::CDN_CORS } else { advice::NO_RANGES };
        Check::of(Client::Chromium, rule, holds && !no_cors, to_text(found), advice)
    };
    let Report { range, suffix, head, missing, worker } = report;
    let is_range = |found: &Found| found.status == 206 && found.bytes == 16 && found.content_range.is_some();
    let missing = Check::of(
        Client::Chromium,
        "sees that an asset is missing",
        missing.status == 404,
        to_text(missing),
        if missing.status == 403 { advice::MISSING_IS_FORBIDDEN } else { advice::CDN_CORS },
    );
    vec![
        check("reads a range and its Content-Range", range, is_range(range)),
        check("reads a suffix range, after a preflight", suffix, suffix.status == 206 && suffix.bytes == 8),
        check(
            "reads the size with HEAD",
            head,
            head.status == 200 && head.size.is_some() && head.size == size,
        ),
        missing,
        check("reads a range through a service worker", worker, is_range(worker)),
    ]
}

fn to_text(found: &Found) -> String {
    if let Some(error) = &found.error {
        return without_queries(error);
    }
    let range = found.content_range.as_ref().map(|range| format!(", content-range: {range}"));
    format!("{}, {} bytes{}", found.status, found.bytes, range.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Report, judge};
    use crate::check::{CheckResult, advice};

    #[test]
    fn missing_cors_is_told_from_missing_ranges() {
        let report: Report = serde_json::from_value(json!({
            "range": {"error": "TypeError: Failed to fetch"},
            "suffix": {"status": 200, "bytes": 999},
            "head": {"status": 200, "size": 9},
            "missing": {"status": 403},
            "worker": {"status": 206, "bytes": 16, "content_range": "bytes 0-15/9"},
        }))
        .unwrap();
        let advices: Vec<_> = judge(&report, Some(9))
            .into_iter()
            .map(|check| match check.result {
                CheckResult::Failed { advice, .. } => Some(advice),
                _ => None,
            })
            .collect();
        let expected =
            [Some(advice::CDN_CORS), Some(advice::NO_RANGES), None, Some(advice::MISSING_IS_FORBIDDEN), None];
        assert_eq!(advices, expected);
    }
}
