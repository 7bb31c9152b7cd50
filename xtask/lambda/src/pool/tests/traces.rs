//! Traces that functions and Lambda send.

use openapi::telemetry::{SegmentId, TraceHeader};
use serde_json::{Value, json};

use super::{event, name};
use crate::pool::testing::{TestPool, function};
use crate::pool::traces::TraceSink;

/// Sends a subsegment of the invocation to the daemon, and responds with the header of its trace.
const TRACED: &str = r#"
def handle(event, context):
    address, port = os.environ.get("AWS_XRAY_DAEMON_ADDRESS", "127.0.0.1:1").split(":")
    sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    for document in ("no document", '{"format":"json","version":1}\n{"name":"own"}'):
        sender.sendto(document.encode(), (address, int(port)))
    return context["lambda-runtime-trace-id"]
main(handle)
"#;

async fn header_of(test: &TestPool) -> TraceHeader {
    let outcome = test.pool.invoke(&name("f"), event(&json!({}))).await.unwrap();
    let crate::pool::InvocationOutcome::Response(header) = outcome else { panic!("{outcome:?}") };
    serde_json::from_slice::<String>(&header).unwrap().parse().unwrap()
}

#[tokio::test]
async fn documents_of_lambda_and_of_the_function_have_its_role_and_its_trace() {
    let (sink, mut documents) = TraceSink::new();
    let test = TestPool::with_trace_sink(sink, vec![function("f", TRACED)]).await;
    let header = header_of(&test).await;
    assert_eq!(header.sampled, Some(true));

    let mut received = Vec::new();
    for _ in 0..3 {
        let document = documents.recv().await.unwrap();
        assert_eq!((document.role.role.as_str(), document.role.function.as_str()), ("f", "f"));
        received.push(serde_json::from_str::<Value>(&document.text).unwrap());
    }
    let find = |name: &str, value: Value| received.iter().find(|document| document[name] == value).unwrap();
    find("name", "own".into());
    let of_function = find("origin", "AWS::Lambda::Function".into());
    assert_eq!(of_function["id"].as_str().unwrap().parse::<SegmentId>().ok(), header.parent);
    assert_eq!(of_function["trace_id"], header.root.to_string());
    assert_eq!(of_function["subsegments"][0]["name"], "Initialization", "a cold start");
    find("id", of_function["parent_id"].clone());

    let next = header_of(&test).await;
    assert_ne!(next.root, header.root, "each invocation begins a trace");
}

#[tokio::test]
async fn function_without_active_tracing_is_not_sampled() {
    let (sink, mut documents) = TraceSink::new();
    let mut untraced = function("f", TRACED);
    untraced.has_active_tracing = false;
    let test = TestPool::with_trace_sink(sink, vec![untraced]).await;
    assert_eq!(header_of(&test).await.sampled, Some(false));
    test.pool.stop().await;
    assert!(documents.try_recv().is_err());
}
