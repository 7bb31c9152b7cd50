use std::io;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tracing_subscriber::filter::LevelFilter;

use super::{request, subscriber};

#[derive(Clone, Default)]
struct Written(Arc<Mutex<Vec<u8>>>);

impl io::Write for Written {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Returns what is logged meanwhile, without the time.
fn logged(level: LevelFilter, run: impl FnOnce()) -> Vec<Value> {
    let written = Written::default();
    let writer = written.clone();
    let subscriber = subscriber(level, move || writer.clone());
    tracing::subscriber::with_default(subscriber, run);
    let text = String::from_utf8(written.0.lock().unwrap().clone()).unwrap();
    let line = |line| {
        let mut line: Value = serde_json::from_str(line).unwrap();
        let timestamp = line.as_object_mut().unwrap().remove("timestamp").unwrap();
        assert!(timestamp.as_str().unwrap().ends_with('Z'));
        line
    };
    text.lines().map(line).collect()
}

/// Returns the span of an invocation, as the Lambda runtime creates it.
fn invocation() -> tracing::Span {
    tracing::info_span!(target: "lambda_runtime::layers::trace", "Lambda runtime invoke", requestId = "invocation-1")
}

#[test]
fn every_line_of_a_request_has_its_ids_at_every_level() {
    let run = || {
        let _invocation = invocation().entered();
        let trace = "Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1".parse().ok();
        let _request = request("request-1", trace).entered();
        tracing::info!(status = 200, "answered");
        tracing::error!(target: "sqlx", "no \"connection\"\n");
    };
    let error = json!({
        "level": "ERROR", "message": "no \"connection\"\n", "target": "sqlx",
        "requestId": "invocation-1", "request_id": "request-1",
        "trace_id": "1-5759e988-bd862e3fe1be46a994272793",
    });
    let answered = json!({
        "level": "INFO", "message": "answered", "status": 200, "target": "runtime::logging::tests",
        "requestId": "invocation-1", "request_id": "request-1",
        "trace_id": "1-5759e988-bd862e3fe1be46a994272793",
    });
    assert_eq!(logged(LevelFilter::INFO, run), [answered, error.clone()]);
    assert_eq!(logged(LevelFilter::ERROR, run), [error]);
}

#[test]
fn dependencies_log_only_warnings_and_errors() {
    let lines = logged(LevelFilter::TRACE, || {
        let _span = tracing::info_span!(target: "aws_sdk_s3", "call", secret = "s").entered();
        tracing::info!(target: "aws_sdk_s3", "secret");
        tracing::trace!("ours");
    });
    assert_eq!(lines, [json!({"level": "TRACE", "message": "ours", "target": "runtime::logging::tests"})]);
}
