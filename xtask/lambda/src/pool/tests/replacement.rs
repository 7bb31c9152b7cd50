//! Deployments that replace, remove, or fail to replace a function.

use bytes::Bytes;
use serde_json::{Value, json};

use super::super::testing::{Gate, TestPool, function, function_returning, zip_with};
use super::super::{BootstrapError, FunctionPool, InvocationOutcome, InvokeError, PoolSettings};
use super::{event, is_running, name, response};

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
async fn code_that_cannot_run_says_what_to_do() {
    let mut foreign = function("f", "");
    foreign.code = zip_with("bootstrap", b"\x7fELF and nothing else").into();
    let test = TestPool::with(vec![foreign]).await;
    let error = test.pool.invoke(&name("f"), event(&json!({}))).await.unwrap_err().to_string();
    assert!(error.contains("built for this machine"), "{error}");

    for code in [b"no zip".to_vec(), zip_with("main.py", b"")] {
        let mut broken = function("f", "");
        broken.code = code.into();
        let settings = PoolSettings {
            code_directory: test.directory.path().join("code"),
            log_directory: test.directory.path().join("logs"),
            log_sink: None,
            trace_sink: None,
            roles: crate::role::Roles::without_permissions(),
            environment: std::collections::BTreeMap::new(),
            maximum_instances: 1,
            on_spawn: std::sync::Arc::new(|_| ()),
        };
        let rejected = FunctionPool::new(vec![broken], settings).await.err();
        assert!(matches!(rejected, Some(BootstrapError::Zip { .. })), "{rejected:?}");
    }
}
