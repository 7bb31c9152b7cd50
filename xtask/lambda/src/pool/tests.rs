mod failures;
mod freezing;
mod replacement;
mod shutdown;
mod traces;

use bytes::Bytes;
use rustix::process::{Pid, test_kill_process};
use serde_json::{Value, json};

use super::log_delivery::LogSink;
use super::testing::{Gate, TestPool, function, function_returning};
use super::{FunctionName, InvocationOutcome, InvokeError};

fn name(text: &str) -> FunctionName {
    text.parse().unwrap()
}

fn event(value: &Value) -> Bytes {
    Bytes::from(value.to_string())
}

async fn response(test: &TestPool, function: &str, value: Value) -> Value {
    match test.pool.invoke(&name(function), event(&value)).await.unwrap() {
        InvocationOutcome::Response(payload) => serde_json::from_slice(&payload).unwrap(),
        InvocationOutcome::FunctionError(payload) => panic!("{}", String::from_utf8_lossy(&payload)),
    }
}

/// Returns the type and the message of a function error, without the request id.
async fn error(test: &TestPool, function: &str) -> (String, String) {
    match test.pool.invoke(&name(function), event(&json!({}))).await.unwrap() {
        InvocationOutcome::FunctionError(payload) => {
            let error: Value = serde_json::from_slice(&payload).unwrap();
            let message = error["errorMessage"].as_str().unwrap();
            let message = message.split_once("Error: ").map_or(message, |(_, message)| message);
            (error["errorType"].as_str().unwrap().to_owned(), message.to_owned())
        }
        InvocationOutcome::Response(payload) => panic!("{}", String::from_utf8_lossy(&payload)),
    }
}

/// Returns whether a process exists, including one that has ended but was not waited for.
fn is_running(id: u32) -> bool {
    Pid::from_raw(i32::try_from(id).unwrap()).is_some_and(|id| test_kill_process(id).is_ok())
}

#[tokio::test]
async fn idle_instance_is_reused() {
    let test = TestPool::with(vec![function_returning("f", "[os.getpid(), event]")]).await;
    let first = response(&test, "f", json!("a")).await;
    let second = response(&test, "f", json!("b")).await;
    assert_eq!(first[0], second[0]);
    assert_eq!((&first[1], &second[1]), (&json!("a"), &json!("b")));
    let statistics = test.pool.statistics()[&name("f")];
    assert_eq!((statistics.invocations, statistics.cold_starts), (2, 1));
    assert_eq!((statistics.busy, statistics.idle, statistics.errors), (0, 1, 0));
    test.pool.stop().await;
}

#[tokio::test]
async fn instances_are_added_up_to_the_limit_and_then_callers_queue() {
    let gate = Gate::new().await;
    let code = format!("main(lambda event, context: {})\n", gate.wait("str(os.getpid())"));
    let test = TestPool::with(vec![function("f", &code)]).await;
    let callers = [(); 3].map(|()| {
        let pool = test.pool.clone();
        tokio::spawn(async move { pool.invoke(&name("f"), event(&json!({}))).await.unwrap() })
    });
    let (first, go_on) = gate.arrival().await;
    let (second, _stay) = gate.arrival().await;
    assert_ne!(first, second);
    drop(go_on);
    let (third, _stay) = gate.arrival().await;
    assert_eq!(third, first, "the third caller gets the first free instance");
    assert_eq!(test.pool.statistics()[&name("f")].cold_starts, 2);
    assert_eq!(test.pool.statistics()[&name("f")].busy, 2);
    test.pool.stop().await;
    drop(callers);
}

#[tokio::test]
async fn function_has_its_variables_and_context() {
    let test = TestPool::with(vec![function_returning("f", "[dict(os.environ), context]")]).await;
    let response = response(&test, "f", json!({})).await;
    let variables = &response[0];
    assert_eq!((&variables["OWN"], &variables["GIVEN"]), (&json!("own"), &json!("given")));
    assert!(std::env::var_os("CARGO_MANIFEST_DIR").is_some());
    assert_eq!(variables.get("CARGO_MANIFEST_DIR"), None, "this process keeps its variables to itself");
    let context = &response[1];
    assert_eq!(
        context["lambda-runtime-invoked-function-arn"],
        "arn:aws:lambda:us-east-1:000000000000:function:f"
    );
    let deadline: u128 = context["lambda-runtime-deadline-ms"].as_str().unwrap().parse().unwrap();
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_millis();
    assert!(deadline > now && deadline <= now + 20_000);
    test.pool.stop().await;
}

#[tokio::test]
async fn payloads_end_at_six_megabytes() {
    let test = TestPool::with(vec![function_returning("f", "'a' * event")]).await;
    let limit = 6 * 1024 * 1024;
    let largest = response(&test, "f", json!(limit)).await;
    assert_eq!(largest.as_str().unwrap().len(), limit);
    let outcome = test.pool.invoke(&name("f"), event(&json!(limit + 1000))).await.unwrap();
    let InvocationOutcome::FunctionError(payload) = outcome else { panic!("{outcome:?}") };
    let error: Value = serde_json::from_slice(&payload).unwrap();
    assert_eq!(error["errorType"], "Function.ResponseSizeTooLarge");
    assert_eq!(
        error["errorMessage"],
        "Response payload size exceeded maximum allowed payload size (6291556 bytes)."
    );
    // The function prints the response of the Runtime API before it asks for its next event.
    response(&test, "f", json!(1)).await;
    let log = std::fs::read_to_string(test.directory.path().join("logs/f.log")).unwrap();
    assert!(log.contains("413") && log.contains("RequestEntityTooLarge"), "{log}");
    let too_large = test.pool.invoke(&name("f"), Bytes::from(vec![b' '; limit + 1])).await;
    assert!(matches!(too_large, Err(InvokeError::EventTooLarge(_))));
    test.pool.stop().await;
}

#[tokio::test]
async fn invocation_outlives_its_caller() {
    let gate = Gate::new().await;
    let code = format!("main(lambda event, context: [os.getpid(), event and {}][0])\n", gate.wait("''"));
    let test = TestPool::with_limit(vec![function("f", &code)], 1).await;
    let function = name("f");
    let go_on = tokio::select! {
        outcome = test.pool.invoke(&function, event(&json!("wait"))) => panic!("{outcome:?}"),
        (_, go_on) = gate.arrival() => go_on,
    };
    assert_eq!(test.pool.statistics()[&name("f")].busy, 1);
    drop(go_on);
    // The instance still works.
    assert_eq!(response(&test, "f", json!("")).await, json!(test.spawned()[0]));
    assert_eq!(test.spawned().len(), 1);
    test.pool.stop().await;
}

#[tokio::test]
async fn output_of_an_instance_is_in_its_file_and_its_log_stream() {
    let code = "
print('from the start', file=sys.stderr, flush=True)
main(lambda event, context: [print(event, flush=True), os.environ['AWS_LAMBDA_LOG_STREAM_NAME']][1])
";
    let (sink, mut lines) = LogSink::new();
    let test = TestPool::with_log_sink(sink, vec![function("f", code)]).await;
    let stream = response(&test, "f", json!("an event")).await;
    for expected in ["from the start", "an event"] {
        let line = lines.recv().await.unwrap();
        assert_eq!(line.event.message, expected);
        assert_eq!((&*line.stream.group, Some(&*line.stream.name)), ("/aws/lambda/f", stream.as_str()));
    }
    let shape = stream.as_str().unwrap().replace(|character| matches!(character, '0'..='9' | 'a'..='f'), "0");
    assert_eq!(shape, format!("0000/00/00/[$LATEST]{}", "0".repeat(32)));
    test.pool.stop().await;
    // The pipe closes with the process. After that, only the pool holds the sink.
    drop(test.pool);
    assert!(lines.recv().await.is_none());
    let file = std::fs::read_to_string(test.directory.path().join("logs/f.log")).unwrap();
    assert_eq!(file, "from the start\nan event\n");
}
