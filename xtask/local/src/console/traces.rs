//! The recent traces, and the spans of one.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use serde_json::Value;
use tokio::time::timeout;
use url::form_urlencoded;

use super::{ConsoleModel, document};

/// How long X-Ray may take.
const LIMIT: Duration = Duration::from_secs(10);

/// Traces as JSON, or why they cannot be read.
pub type TracesJson = Pin<Box<dyn Future<Output = Result<Value, String>> + Send>>;

/// Reads traces.
#[derive(Clone)]
pub struct TraceSource {
    /// Returns the recent traces, the newest first: a list of objects with `id`, `start`, `duration` in milliseconds, the
    /// first of their `spans`, and if there are any, `failure` and `event` with `title`, `status` and `outcome`.
    pub recent: Arc<dyn Fn() -> TracesJson + Send + Sync>,
    /// Returns the traces with an ID. They have all `spans`: each before those in it, with `depth`, `name`, `start` and
    /// `duration`.
    pub find: Arc<dyn Fn(String) -> TracesJson + Send + Sync>,
}

pub(super) async fn recent(State(model): State<Arc<ConsoleModel>>) -> Response {
    respond((model.traces.recent)()).await
}

pub(super) async fn find(State(model): State<Arc<ConsoleModel>>, RawQuery(query): RawQuery) -> Response {
    let query = query.unwrap_or_default();
    let id = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "id");
    match id {
        Some((_, id)) => respond((model.traces.find)(id.into_owned())).await,
        None => (StatusCode::BAD_REQUEST, "the parameter id is missing\n").into_response(),
    }
}

async fn respond(traces: TracesJson) -> Response {
    match timeout(LIMIT, traces).await {
        Ok(Ok(traces)) => document("application/json", traces.to_string()),
        Ok(Err(message)) => (StatusCode::BAD_GATEWAY, format!("{message}\n")).into_response(),
        Err(_) => (StatusCode::GATEWAY_TIMEOUT, "X-Ray does not respond\n").into_response(),
    }
}
