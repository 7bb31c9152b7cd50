//! The Lambda Runtime API of one instance.
//!
//! Each instance has its own listener, so the address of a call identifies the instance:
//! <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use bytes::Bytes;
use openapi::telemetry::TraceHeader;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};
use uuid::Uuid;

use super::InvocationOutcome;
use super::process_group::ProcessGroup;

/// Size limit of a response: 6 MB plus overhead, as in the error message of the Runtime API.
const MAXIMUM_RESPONSE_BYTES: usize = 6_291_556;

/// An invocation for an instance.
pub(super) struct Invocation {
    pub(super) request_id: Uuid,
    pub(super) function_arn: String,
    pub(super) deadline: SystemTime,
    pub(super) event: Bytes,
    pub(super) trace: TraceHeader,
    /// Dropped when the instance asks for the next invocation, or ends.
    pub(super) until_next: oneshot::Sender<()>,
}

/// A report of an instance.
pub(super) enum Report {
    /// It asks for an invocation.
    Ready,
    /// It has taken the invocation.
    Taken,
    /// It has finished the invocation.
    Done(InvocationOutcome),
    /// Its initialization failed.
    InitializationFailed(Bytes),
}

/// The pool's ends of the channels to an instance.
pub(super) struct Channels {
    pub(super) invocations: mpsc::Sender<Invocation>,
    pub(super) reports: mpsc::Receiver<Report>,
}

struct Api {
    invocations: tokio::sync::Mutex<mpsc::Receiver<Invocation>>,
    reports: mpsc::Sender<Report>,
    current: Mutex<Option<Uuid>>,
    /// That of the last invocation.
    until_next: Mutex<Option<oneshot::Sender<()>>>,
    group: ProcessGroup,
}

/// Serves the Runtime API of the instance `group` on `listener` until the returned task is aborted.
pub(super) fn serve(listener: TcpListener, group: ProcessGroup) -> (Channels, tokio::task::JoinHandle<()>) {
    let (invocations, receiver) = mpsc::channel(1);
    let (sender, reports) = mpsc::channel(8);
    let api = Arc::new(Api {
        invocations: tokio::sync::Mutex::new(receiver),
        reports: sender,
        current: Mutex::new(None),
        until_next: Mutex::new(None),
        group,
    });
    let router = Router::new()
        .route("/2018-06-01/runtime/invocation/next", get(next))
        .route("/2018-06-01/runtime/invocation/{request_id}/response", post(respond))
        .route("/2018-06-01/runtime/invocation/{request_id}/error", post(fail))
        .route("/2018-06-01/runtime/init/error", post(fail_initialization))
        .with_state(api);
    let server = tokio::spawn(async move {
        // Fails only if the listener cannot accept connections; the timeout of the instance covers that.
        let _ended = axum::serve(listener, router).await;
    });
    (Channels { invocations, reports }, server)
}

async fn next(State(api): State<Arc<Api>>) -> Response {
    let mut invocations = api.invocations.lock().await;
    api.keep_until_next(None);
    api.report(Report::Ready).await;
    let invocation = match invocations.try_recv() {
        Ok(invocation) => Some(invocation),
        Err(_none_yet) => api.wait_frozen(&mut invocations).await,
    };
    let Some(invocation) = invocation else {
        // The instance is about to be stopped.
        return StatusCode::GONE.into_response();
    };
    *api.current() = Some(invocation.request_id);
    api.keep_until_next(Some(invocation.until_next));
    api.report(Report::Taken).await;
    let deadline = invocation.deadline.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
    let headers = [
        ("Lambda-Runtime-Aws-Request-Id", invocation.request_id.to_string()),
        ("Lambda-Runtime-Deadline-Ms", deadline.to_string()),
        ("Lambda-Runtime-Invoked-Function-Arn", invocation.function_arn),
        ("Lambda-Runtime-Trace-Id", invocation.trace.to_string()),
        ("Content-Type", "application/json".to_owned()),
    ];
    (headers, Body::from(invocation.event)).into_response()
}

async fn respond(State(api): State<Arc<Api>>, Path(request_id): Path<String>, request: Request) -> Response {
    if is_streamed(request.headers()) {
        let message = "response streaming is not emulated by the local stack";
        let rejection = error_payload("Runtime.StreamingNotEmulated", message);
        return api.finish(&request_id, InvocationOutcome::FunctionError(rejection)).await;
    }
    if let Ok(payload) = to_bytes(request.into_body(), MAXIMUM_RESPONSE_BYTES).await {
        return api.finish(&request_id, InvocationOutcome::Response(payload)).await;
    }
    let finished = api.finish(&request_id, InvocationOutcome::FunctionError(too_large_for_caller())).await;
    if finished.status() == StatusCode::ACCEPTED { too_large_for_runtime() } else { finished }
}

/// Returns the error that the caller gets for a response over the limit:
/// <https://github.com/DataBiosphere/azul/issues/8192>.
fn too_large_for_caller() -> Bytes {
    let message = format!(
        "Response payload size exceeded maximum allowed payload size ({MAXIMUM_RESPONSE_BYTES} bytes)."
    );
    error_payload("Function.ResponseSizeTooLarge", &message)
}

/// Returns the response of the Runtime API to a response over the limit, with which some runtimes exit:
/// <https://github.com/aws/aws-lambda-dotnet/issues/1815>.
fn too_large_for_runtime() -> Response {
    let message = format!("Exceeded maximum allowed payload size ({MAXIMUM_RESPONSE_BYTES} bytes).");
    (StatusCode::PAYLOAD_TOO_LARGE, error_payload("RequestEntityTooLarge", &message)).into_response()
}

async fn fail(State(api): State<Arc<Api>>, Path(request_id): Path<String>, request: Request) -> Response {
    let payload = error_of(request).await;
    api.finish(&request_id, InvocationOutcome::FunctionError(payload)).await
}

async fn fail_initialization(State(api): State<Arc<Api>>, request: Request) -> Response {
    let payload = error_of(request).await;
    api.report(Report::InitializationFailed(payload)).await;
    accepted()
}

impl Api {
    fn current(&self) -> std::sync::MutexGuard<'_, Option<Uuid>> {
        // Assigning a request id cannot panic halfway, so a poisoned value is still valid.
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn keep_until_next(&self, sender: Option<oneshot::Sender<()>>) {
        // Assigning a sender cannot panic halfway, so a poisoned value is still valid.
        *self.until_next.lock().unwrap_or_else(PoisonError::into_inner) = sender;
    }

    /// Waits for an invocation while the instance is frozen, and continues it before the invocation is delivered.
    async fn wait_frozen(&self, invocations: &mut mpsc::Receiver<Invocation>) -> Option<Invocation> {
        self.group.freeze();
        let invocation = invocations.recv().await?;
        self.group.thaw();
        Some(invocation)
    }

    async fn report(&self, report: Report) {
        // Fails only if the instance is being stopped.
        let _unheard = self.reports.send(report).await;
    }

    /// Finishes the current invocation if it has this request id.
    async fn finish(&self, request_id: &str, outcome: InvocationOutcome) -> Response {
        let is_current = {
            let mut current = self.current();
            let is_current = current.is_some_and(|id| id.to_string() == request_id);
            if is_current {
                *current = None;
            }
            is_current
        };
        if !is_current {
            let rejection = error_payload("InvalidRequestID", "Invalid request ID");
            return (StatusCode::BAD_REQUEST, rejection).into_response();
        }
        self.report(Report::Done(outcome)).await;
        accepted()
    }
}

fn accepted() -> Response {
    (StatusCode::ACCEPTED, r#"{"status":"OK"}"#).into_response()
}

fn is_streamed(headers: &HeaderMap) -> bool {
    headers.get("Lambda-Runtime-Function-Response-Mode").is_some_and(|mode| mode == "streaming")
}

async fn error_of(request: Request) -> Bytes {
    let too_large = || {
        error_payload("Runtime.ErrorTooLarge", "the error of the function is larger than a response may be")
    };
    to_bytes(request.into_body(), MAXIMUM_RESPONSE_BYTES).await.unwrap_or_else(|_| too_large())
}

fn error_payload(error_type: &str, message: &str) -> Bytes {
    json!({"errorType": error_type, "errorMessage": message}).to_string().into()
}
