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
        for question in ["cannot ask", "replaces", "would be deleted"] {
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

#[tokio::test]
async fn released_lock_stops_its_holder_and_the_next_deployment_shows_the_reason() {
    let (running, _turn) = turn().await;
    let release = craft(running, other_alarm(5_002)).await;
    let before = deployed(running).await.template;
    let halted = Halted::at(running, &release, "CreateChangeSet", 1, Moment::Before).await;
    let status = run(running, &["lock", "status"]).await;
    assert!(status.code == Some(0) && status.stdout.contains("held (local)"), "{}", status.stdout);

    assert_eq!(run(running, &["lock", "release", "--yes"]).await.code, Some(2));
    let unconfirmed = run(running, &["lock", "release", "--reason", "it hangs"]).await.failure();
    assert!(unconfirmed.contains("cannot ask for confirmation without a terminal"), "{unconfirmed}");
    let released = run(running, &["lock", "release", "--reason", "it hangs", "--yes"]).await.success();
    assert!(released.contains("held (local)") && released.contains("Released."), "{released}");
    let status = run(running, &["lock", "status"]).await.stdout;
    assert!(status.contains("free (local)") && status.contains("it hangs"), "{status}");

    halted.faults.begin(|_| Fate::Forward);
    let stopped = halted.run.end().await.failure();
    assert!(stopped.contains("this process lost the lock: arn:aws:"), "{stopped}");
    assert!(stopped.contains(": it hangs; nothing was executed"), "{stopped}");
    assert_eq!(deployed(running).await.template, before);

    let next = run(running, &["deploy", "--release", &release, "--yes"]).await.success();
    assert!(next.contains("the last holder of the lock of local may have stopped"), "{next}");
    assert!(next.contains("it hangs"), "{next}");
    assert_eq!(deployed(running).await.release, release);
    let nothing = run(running, &["lock", "release", "--reason", "again", "--yes"]).await.success();
    assert!(nothing.contains("There is nothing to release."), "{nothing}");
}

#[tokio::test]
async fn deployment_waits_for_the_lock_if_it_may() {
    let (running, _turn) = turn().await;
    let (one, two) = (craft(running, other_alarm(5_003)).await, craft(running, other_alarm(5_004)).await);
    let halted = Halted::at(running, &one, "ExecuteChangeSet", 1, Moment::Before).await;
    let arguments = ["deploy", "--release", &two, "--yes", "--wait-for-lock", "10m"];
    let mut waiting = Run::start(running, &arguments);
    waiting.wait_for(REFUSAL).await;
    waiting.wait_for("waiting up to 10 min for the lock").await;
    let short = run(running, &["rollback", "--yes", "--wait-for-lock", "1s"]).await.failure();
    assert!(short.contains("This command has waited for 1 s"), "{short}");
    halted.faults.begin(|_| Fate::Forward);
    halted.run.end().await.success();
    waiting.end().await.success();
    assert_eq!(deployed(running).await.release, two);
}
