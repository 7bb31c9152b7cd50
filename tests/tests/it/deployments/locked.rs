//! Commands that change an environment while another process holds its lock.

use faults::{Fate, Moment};

use super::crafted::{craft, deployed};
use super::interrupted::Halted;
use super::{other_alarm, run, turn};
use crate::aws::Aws;
use crate::command::{Run, command};
use crate::keys::ec_private_key;
use crate::stack::Running;

const PARAMETERS: &str = "/local/packages-service/cloudfront";
const REFUSAL: &str = "has been changing local since";

/// Returns the key ring and all private keys, sorted.
async fn key_parameters(running: &'static Running) -> Vec<String> {
    let mut parameters = Aws::for_stack(&running.stack).parameters_below(PARAMETERS).await;
    parameters.sort();
    parameters
}

#[tokio::test]
async fn held_lock_is_found_before_anything_is_asked_or_created() {
    let (running, _turn) = turn().await;
    let before = (deployed(running).await, key_parameters(running).await);
    let release = craft(running, other_alarm(5_001)).await;
    let halted = Halted::at(running, &release, "ExecuteChangeSet", 1, Moment::Before).await;
    // Without a terminal, a question would be an error of its own.
    for arguments in [vec!["destroy"], vec!["keys", "rotate"], vec!["keys", "rotate", "--yes"]] {
        let stderr = run(running, &arguments).await.failure();
        assert!(stderr.contains(REFUSAL), "{arguments:?}: {stderr}");
        for question in ["cannot ask", "replaces", "are deleted"] {
            assert!(!stderr.contains(question), "{arguments:?}: {stderr}");
        }
    }
    let mut import = command(running, &["keys", "import", "-"]);
    import.stdin(std::process::Stdio::piped());
    let mut import = Run::start_command(import);
    let mut input = import.input();
    tokio::io::AsyncWriteExt::write_all(&mut input, ec_private_key().as_bytes()).await.unwrap();
    drop(input);
    let stderr = import.end().await.failure();
    assert!(stderr.contains(REFUSAL), "{stderr}");
    assert_eq!((deployed(running).await, key_parameters(running).await), before);

    // An emergency rotation waits, and creates its key only then.
    let mut emergency = Run::start(running, &["keys", "rotate", "--emergency", "--yes"]);
    emergency.wait_for(REFUSAL).await;
    assert_eq!(key_parameters(running).await, before.1);
    halted.faults.begin(|_| Fate::Forward);
    halted.run.end().await.success();
    emergency.end().await.success();
    assert_ne!(key_parameters(running).await, before.1);
    assert_eq!(deployed(running).await.release, release);
}
