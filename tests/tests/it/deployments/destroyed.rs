//! A stack that is destroyed, that does not come up again, and then does.

use faults::{Fate, Moment};

use super::crafted::{craft, deployed};
use super::interrupted::Halted;
use super::terminal::assert_shows;
use super::{broken_route, other_alarm, run};
use crate::aws::Aws;
use crate::stack::stack_of_destruction;

#[tokio::test]
async fn a_stack_is_destroyed_and_made_anew_with_the_bucket_it_left() {
    let running = stack_of_destruction().await;
    let broken = craft(running, broken_route).await;
    let other = craft(running, other_alarm(77)).await;
    let aws = Aws::of(&running.stack);
    let bucket = &running.stack.buckets.assets;
    aws.put_object(bucket, "left-behind", b"still here").await;

    let ended = run(running, &["destroy"]).await;
    assert!(ended.code == Some(1) && ended.said.contains("--yes"), "{}", ended.said);
    let ended = run(running, &["destroy", "--yes"]).await;
    assert_eq!(ended.code, Some(0), "{}", ended.said);
    assert_shows!(ended.said);
    let ended = run(running, &["destroy", "--yes"]).await;
    assert!(ended.code == Some(0) && ended.said.contains("there is no stack"), "{}", ended.said);
    let ended = run(running, &["status"]).await;
    assert!(ended.code == Some(0) && ended.printed.contains("not deployed"), "{}", ended.printed);
    let ended = run(running, &["outputs"]).await;
    assert!(ended.code == Some(1) && ended.said.contains("deploy it first"), "{}", ended.said);

    // It never comes up: CloudFormation leaves ROLLBACK_COMPLETE behind.
    let ended = run(running, &["deploy", "--release", &broken, "--yes"]).await;
    assert_eq!(ended.code, Some(1), "{}", ended.said);
    let told = ended.said.split_once("error:").unwrap().1.trim().to_owned();
    assert_shows!(told);
    // The next one clears it away, but is killed between change set and execution: REVIEW_IN_PROGRESS.
    Halted::at(running, &other, "ExecuteChangeSet", 1, Moment::Before).await.run.kill().await;
    let ended = run(running, &["deploy", "--release", &other, "--yes"]).await;
    assert_eq!(ended.code, Some(0), "{}", ended.said);
    assert_shows!(ended.said);
    assert_eq!(deployed(running).await.release, other);
    assert_eq!(aws.get_object(bucket, "left-behind").await, b"still here");

    // Somebody deletes the stack under a deployment.
    let last = craft(running, other_alarm(78)).await;
    let halted = Halted::at(running, &last, "ExecuteChangeSet", 1, Moment::Before).await;
    aws.cloudformation("DeleteStack").await;
    halted.faults.begin(|_| Fate::Forward);
    let ended = halted.run.end().await;
    assert!(ended.code == Some(1) && ended.said.contains("deploy again"), "{}", ended.said);
    let ended = run(running, &["deploy", "--release", &last, "--yes"]).await;
    assert_eq!(ended.code, Some(0), "{}", ended.said);
    assert_eq!(deployed(running).await.release, last);
}
