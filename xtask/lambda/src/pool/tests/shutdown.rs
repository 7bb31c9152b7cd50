//! The end of a pool.

use std::time::Duration;

use serde_json::json;

use super::super::InvokeError;
use super::super::testing::{Gate, TestPool, function, function_returning};
use super::{event, is_running, name, response};

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
