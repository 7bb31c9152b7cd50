//! Functions that fail, exit, or take too long.

use std::time::Duration;

use serde_json::json;

use super::super::testing::{TestPool, function};
use super::{error, is_running, name, response};

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
    let failing = function(
        "misconfigured",
        r#"post("init/error", {"errorType": "Config", "errorMessage": "no table"})"#,
    );
    let test = TestPool::with(vec![gone, failing]).await;
    let (kind, message) = error(&test, "gone").await;
    assert_eq!(
        (kind.as_str(), message.as_str()),
        ("Runtime.ExitError", "Runtime exited without providing a reason")
    );
    let (kind, message) = error(&test, "misconfigured").await;
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
async fn function_with_too_many_variables_does_not_start() {
    let mut large = function("f", "main(lambda event, context: 1)\n");
    large.environment.insert("LARGE".to_owned(), "x".repeat(4096));
    let test = TestPool::with(Vec::new()).await;
    let error = test.pool.deploy(large).await.unwrap_err().to_string();
    assert!(error.contains("Lambda was unable to configure your environment variables"), "{error}");
    assert!(test.pool.revisions().is_empty());
    test.pool.stop().await;
}

#[tokio::test]
async fn invocations_are_published_as_metrics() {
    let code = "main(lambda event, context: os._exit(7) if event == {} else os.getpid())\n";
    let test = TestPool::with(vec![function("f", code)]).await;
    response(&test, "f", json!("fine")).await;
    error(&test, "f").await;
    let sum = |name| {
        let metric = cloudwatch::Metric::new("AWS/Lambda", name, [("FunctionName", "f")]);
        let periods = cloudwatch::Periods::until(chrono::Utc::now().timestamp(), 3600, 1);
        test.pool.metrics().series(&metric, cloudwatch::Statistic::Sum, periods)[0]
    };
    assert_eq!((sum("Invocations"), sum("Errors"), sum("Throttles")), (Some(2.0), Some(1.0), Some(0.0)));
    assert_eq!(sum("ConcurrentExecutions"), Some(2.0));
    assert!(sum("Duration").unwrap() > 0.0);
    test.pool.stop().await;
}
