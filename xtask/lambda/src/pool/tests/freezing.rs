//! Instances between invocations.

use std::time::Duration;

use serde_json::json;

use super::super::testing::{TestPool, function};
use super::{is_running, name, response};

/// Waits until a process is stopped. It asks for its next event after its response, at a time of its own.
async fn until_frozen(id: u32) {
    let frozen = async {
        while state_of(id) != 'T' {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), frozen).await.expect("the process is frozen");
}

/// Returns the state of a process, from `/proc`: `T` is stopped.
fn state_of(id: u32) -> char {
    let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap();
    stat.rsplit_once(") ").unwrap().1.chars().next().unwrap()
}

/// A function that starts another process with its first event, and responds with the ids of both.
const FUNCTION: &str = r#"
child = None
def handle(event, context):
    global child
    child = child or subprocess.Popen(["sleep", "600"])
    return [os.getpid(), child.pid]
main(handle)
"#;

#[tokio::test]
async fn instance_is_frozen_between_invocations_with_all_its_processes() {
    let test = TestPool::with(vec![function("f", FUNCTION)]).await;
    let first = response(&test, "f", json!({})).await;
    let [leader, child] = [0, 1].map(|index| u32::try_from(first[index].as_u64().unwrap()).unwrap());
    until_frozen(leader).await;
    until_frozen(child).await;
    // The next invocation continues the same processes.
    assert_eq!(response(&test, "f", json!({})).await, first);
    until_frozen(leader).await;
    let statistics = test.pool.statistics()[&name("f")];
    assert_eq!((statistics.invocations, statistics.cold_starts, statistics.errors), (2, 1, 0));
    test.pool.stop().await;
    assert!(!is_running(leader));
}
