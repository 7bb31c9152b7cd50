use std::time::Duration;

use bytes::Bytes;
use rustix::process::{Pid, test_kill_process};
use serde_json::{Value, json};

use super::log_delivery::LogSink;
use super::testing::{Gate, TestPool, function, function_returning, zip_with};
use super::{BootstrapError, FunctionName, InvocationOutcome, InvokeError};

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
async fn timed_out_function_is_killed_and_replaced() {
    let code = "main(lambda event, context: time.sleep(60) if event == {} else os.getpid())\n";
    let mut slow = function("f", code);
    // The other call has the same timeout, so it must be long enough for a busy machine.
    slow.timeout = Duration::from_secs(3);
    let test = TestPool::with(vec![slow]).await;
    let (kind, message) = error(&test, "f").await;
    assert_eq!((kind.as_str(), message.as_str()), ("Sandbox.Timedout", "Task timed out after 3.00 seconds"));
    assert!(!is_running(test.spawned()[0]));
    let next = response(&test, "f", json!("quick")).await;
    assert_eq!(next, json!(test.spawned()[1]));
    test.pool.stop().await;
}

#[tokio::test]
async fn crash_fails_only_its_own_invocation() {
    let code = "main(lambda event, context: os._exit(7) if event == {} else os.getpid())\n";
    let test = TestPool::with(vec![function("f", code)]).await;
    response(&test, "f", json!("fine")).await;
    let (kind, message) = error(&test, "f").await;
    assert_eq!(
        (kind.as_str(), message.as_str()),
        ("Runtime.ExitError", "Runtime exited with error: exit status: 7")
    );
    response(&test, "f", json!("fine again")).await;
    let statistics = test.pool.statistics()[&name("f")];
    assert_eq!((statistics.cold_starts, statistics.errors), (2, 1));
    test.pool.stop().await;
}

#[tokio::test]
async fn failed_initialization_is_a_function_error() {
    let gone = function("gone", "sys.exit(0)\n");
    let failing = function("told", r#"post("init/error", {"errorType": "Config", "errorMessage": "no table"})"#);
    let test = TestPool::with(vec![gone, failing]).await;
    let (kind, message) = error(&test, "gone").await;
    assert_eq!(
        (kind.as_str(), message.as_str()),
        ("Runtime.ExitError", "Runtime exited without providing a reason")
    );
    let (kind, message) = error(&test, "told").await;
    assert_eq!((kind.as_str(), message.as_str()), ("Config", "no table"));
    test.pool.stop().await;
}

#[tokio::test]
async fn instance_that_died_while_idle_is_replaced_without_an_error() {
    // The process ends right after its response, before or after the pool considers it idle.
    let code = r#"
answer = OPEN(API + "invocation/next")
post("invocation/" + answer.headers["Lambda-Runtime-Aws-Request-Id"] + "/response", os.getpid())
"#;
    let test = TestPool::with(vec![function("f", code)]).await;
    let first = response(&test, "f", json!({})).await;
    let second = response(&test, "f", json!({})).await;
    assert_ne!(first, second);
    assert_eq!(test.pool.statistics()[&name("f")].errors, 0);
    test.pool.stop().await;
}

#[tokio::test]
async fn function_error_is_returned_and_the_instance_is_kept() {
    let code = r#"
for attempt in range(2):
    id = OPEN(API + "invocation/next").headers["Lambda-Runtime-Aws-Request-Id"]
    post("invocation/" + id + "/error", {"errorType": "Oops", "errorMessage": str(attempt)})
OPEN(API + "invocation/next")
"#;
    let test = TestPool::with(vec![function("f", code)]).await;
    assert_eq!(error(&test, "f").await, ("Oops".to_owned(), "0".to_owned()));
    assert_eq!(error(&test, "f").await, ("Oops".to_owned(), "1".to_owned()));
    assert_eq!(test.spawned().len(), 1);
    test.pool.stop().await;
}

#[tokio::test]
async fn payloads_end_at_six_megabytes() {
    let test = TestPool::with(vec![function_returning("f", "'a' * event")]).await;
    let limit = 6 * 1024 * 1024;
    let response = response(&test, "f", json!(limit)).await;
    assert_eq!(response.as_str().unwrap().len(), limit);
    let outcome = test.pool.invoke(&name("f"), event(&json!(limit + 1000))).await.unwrap();
    let InvocationOutcome::FunctionError(payload) = outcome else { panic!("{outcome:?}") };
    assert!(String::from_utf8_lossy(&payload).contains("Function.ResponseSizeTooLarge"));
    let too_large = test.pool.invoke(&name("f"), Bytes::from(vec![b' '; limit + 1])).await;
    assert!(matches!(too_large, Err(InvokeError::EventTooLarge(_))));
    test.pool.stop().await;
}

#[tokio::test]
async fn response_to_another_invocation_is_rejected() {
    let code = r#"
id = OPEN(API + "invocation/next").headers["Lambda-Runtime-Aws-Request-Id"]
post("invocation/00000000-0000-0000-0000-000000000000/response", "forged")
post("invocation/" + id + "/response", "real")
"#;
    let test = TestPool::with(vec![function("f", code)]).await;
    assert_eq!(response(&test, "f", json!({})).await, "real");
    let log = std::fs::read_to_string(test.directory.path().join("logs/f.log")).unwrap();
    assert!(log.contains("400") && log.contains("InvalidRequestID"), "{log}");
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
async fn stop_leaves_no_process_and_no_waiting_caller() {
    let gate = Gate::new().await;
    // The function starts another process, which must not outlive it.
    let code = format!(
        r#"
def handle(event, context):
    child = subprocess.Popen(["sleep", "600"])
    {}
main(handle)
"#,
        gate.wait("str(child.pid)")
    );
    let test = TestPool::with(vec![function("f", &code)]).await;
    let callers = [(); 3].map(|()| {
        let pool = test.pool.clone();
        tokio::spawn(async move { pool.invoke(&name("f"), event(&json!({}))).await })
    });
    let (child_of_idle, go_on) = gate.arrival().await;
    let (child_of_busy, _stay) = gate.arrival().await;
    drop(go_on);
    let (_child, _stay) = gate.arrival().await;
    test.pool.stop().await;
    let mut stopped = 0;
    for caller in callers {
        stopped += usize::from(matches!(caller.await.unwrap(), Err(InvokeError::Stopped)));
    }
    assert_eq!(stopped, 2, "one was done, two were at work");
    assert!(test.spawned().iter().all(|id| !is_running(*id)));
    assert!(is_ended(child_of_idle.parse().unwrap()).await);
    assert!(is_ended(child_of_busy.parse().unwrap()).await);
    let late = test.pool.invoke(&name("f"), event(&json!({}))).await;
    assert!(matches!(late, Err(InvokeError::Stopped)));
}

#[tokio::test]
async fn stop_rejects_queued_callers() {
    let gate = Gate::new().await;
    let code = format!("main(lambda event, context: {})\n", gate.wait("''"));
    let test = TestPool::with_limit(vec![function("f", &code)], 1).await;
    let (at_work, queued) = (test.pool.clone(), test.pool.clone());
    let at_work = tokio::spawn(async move { at_work.invoke(&name("f"), event(&json!({}))).await });
    let (_, _stay) = gate.arrival().await;
    let function = name("f");
    let (queued, ()) = tokio::join!(biased; queued.invoke(&function, event(&json!({}))), test.pool.stop());
    assert!(matches!(queued, Err(InvokeError::Stopped)));
    assert!(matches!(at_work.await.unwrap(), Err(InvokeError::Stopped)));
    assert_eq!(test.spawned().len(), 1);
}

/// Waits for the end of a grandchild.
///
/// It is not a child of this process, so its state must be polled.
async fn is_ended(id: u32) -> bool {
    let is_over = || match std::fs::read_to_string(format!("/proc/{id}/stat")) {
        Ok(stat) => stat.contains(") Z "),
        Err(_) => true,
    };
    let over = async {
        while !is_over() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), over).await.is_ok()
}

#[tokio::test]
async fn dropped_pool_leaves_no_process() {
    let test = TestPool::with(vec![function_returning("f", "os.getpid()")]).await;
    response(&test, "f", json!({})).await;
    let id = test.spawned()[0];
    drop(test);
    assert!(is_ended(id).await);
}

#[tokio::test]
async fn code_that_cannot_run_says_what_to_do() {
    let mut foreign = function("f", "");
    foreign.code = zip_with("bootstrap", b"\x7fELF and nothing else").into();
    let test = TestPool::with(vec![foreign]).await;
    let error = test.pool.invoke(&name("f"), event(&json!({}))).await.unwrap_err().to_string();
    assert!(error.contains("built for this machine"), "{error}");

    for code in [b"no zip".to_vec(), zip_with("main.py", b"")] {
        let mut broken = function("f", "");
        broken.code = code.into();
        let settings = super::PoolSettings {
            code_directory: test.directory.path().join("code"),
            log_directory: test.directory.path().join("logs"),
            log_sink: None,
            environment: std::collections::BTreeMap::new(),
            maximum_instances: 1,
            on_spawn: std::sync::Arc::new(|_| ()),
        };
        let rejected = super::FunctionPool::new(vec![broken], settings).await.err();
        assert!(matches!(rejected, Some(BootstrapError::Zip { .. })), "{rejected:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn functions_are_replaced_under_load() {
    let number = |number: u64| function_returning("f", &format!("[{number}, os.getpid()]"));
    let test = TestPool::with(vec![number(0)]).await;
    let (sender, mut responses) = tokio::sync::mpsc::unbounded_channel();
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let callers = [(); 4].map(|()| {
        let (pool, sender, stopped) = (test.pool.clone(), sender.clone(), stopped.clone());
        tokio::spawn(async move {
            let mut last = 0;
            while !*stopped.borrow() {
                let outcome = pool.invoke(&name("f"), event(&json!({}))).await.unwrap();
                let InvocationOutcome::Response(payload) = outcome else { panic!("{outcome:?}") };
                let response: Value = serde_json::from_slice(&payload).unwrap();
                let number = response[0].as_u64().unwrap();
                assert!(number >= last, "{number} after {last}");
                last = number;
                sender.send(number).unwrap();
            }
        })
    });
    for deployed in 1..=5 {
        // By now, some instances have been reused and some are busy.
        for _ in 0..20 {
            responses.recv().await.unwrap();
        }
        test.pool.deploy(number(deployed)).await.unwrap();
        assert_eq!(response(&test, "f", json!({})).await[0], deployed);
    }
    stop.send(true).unwrap();
    for caller in callers {
        caller.await.unwrap();
    }

    let statistics = test.pool.statistics()[&name("f")];
    assert_eq!((statistics.errors, statistics.busy), (0, 0));
    assert!(statistics.cold_starts >= 6, "{statistics:?}");
    let running: Vec<u32> = test.spawned().into_iter().filter(|id| is_running(*id)).collect();
    assert_eq!(running.len(), statistics.idle, "nothing old is left");
    let last = response(&test, "f", json!({})).await;
    assert_eq!(last[0], 5);
    assert!(running.iter().any(|id| last[1] == *id));
    test.pool.stop().await;
}

#[tokio::test]
async fn running_invocation_ends_on_the_old_code_and_a_queued_one_runs_the_new() {
    let gate = Gate::new().await;
    let old = function("f", &format!("main(lambda event, context: [{}, 'old'][1])\n", gate.wait("''")));
    let test = TestPool::with_limit(vec![old], 1).await;
    let invoke = || {
        let pool = test.pool.clone();
        tokio::spawn(async move { pool.invoke(&name("f"), event(&json!({}))).await.unwrap() })
    };
    let under_way = invoke();
    let (_, go_on) = gate.arrival().await;
    let queued = invoke();
    test.pool.deploy(function_returning("f", "'new'")).await.unwrap();
    assert_eq!(test.pool.statistics()[&name("f")].busy, 1);
    drop(go_on);
    let response = |text: &str| InvocationOutcome::Response(Bytes::from(format!("\"{text}\"")));
    assert_eq!(under_way.await.unwrap(), response("old"));
    assert!(!is_running(test.spawned()[0]));
    assert_eq!(queued.await.unwrap(), response("new"));
    test.pool.stop().await;
}

#[tokio::test]
async fn removed_function_can_be_deployed_again() {
    let test = TestPool::with(vec![function_returning("f", "1")]).await;
    response(&test, "f", json!({})).await;
    test.pool.remove(&name("f")).await;
    assert!(!is_running(test.spawned()[0]));
    assert!(test.pool.revisions().is_empty());
    let gone = test.pool.invoke(&name("f"), event(&json!({}))).await;
    assert!(matches!(gone, Err(InvokeError::UnknownFunction(_))), "{gone:?}");
    test.pool.deploy(function_returning("f", "2")).await.unwrap();
    assert_eq!(response(&test, "f", json!({})).await, 2);
    test.pool.stop().await;
}

#[tokio::test]
async fn code_that_cannot_be_unpacked_replaces_nothing() {
    let test = TestPool::with(vec![function_returning("f", "1")]).await;
    let mut broken = function("f", "");
    broken.code = Bytes::from("no zip");
    assert!(matches!(test.pool.deploy(broken).await, Err(BootstrapError::Zip { .. })));
    assert_eq!(response(&test, "f", json!({})).await, 1);
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
