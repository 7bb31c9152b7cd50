//! A stack that is destroyed, cannot be created again at first, and then is.

use faults::{Fate, Moment};

use super::crafted::{craft, deployed};
use super::interrupted::Halted;
use super::terminal::assert_shows;
use super::{broken_route, other_alarm, run};
use crate::aws::Aws;
use crate::client::http;
use crate::stack::{Running, stack_of_destruction};
use crate::waiting::eventually;

/// Waits until the local stack serves what is deployed, or says that nothing is.
async fn local_stack_serves(running: &Running, is_deployed: bool) {
    let http = http();
    let says_nothing = async |url: &str, text: &str| {
        let response = http.get(url).send().await.unwrap();
        response.status() == 503 && response.text().await.unwrap().contains(text)
    };
    let api = format!("{}/cloudfront/sign", running.stack.api_url);
    let followed = async || {
        let is_described = running.described()["queues"]["restore"].is_string();
        let api_is_gone = says_nothing(&api, "No API is deployed").await;
        let cdn_is_gone = says_nothing(&running.stack.cdn_url, "no distribution is deployed").await;
        (is_described == is_deployed && api_is_gone != is_deployed && cdn_is_gone != is_deployed)
            .then_some(())
    };
    eventually("the local stack follows the deployment", followed).await;
}

#[tokio::test]
async fn destroyed_stack_is_created_again_with_its_retained_bucket() {
    let running = stack_of_destruction().await;
    let broken = craft(running, broken_route).await;
    let other = craft(running, other_alarm(77)).await;
    let aws = Aws::for_stack(&running.stack);
    let bucket = &running.stack.buckets.assets;
    aws.put_object(bucket, "left-behind", b"still here").await;

    let ended = run(running, &["destroy"]).await;
    assert!(ended.code == Some(1) && ended.stderr.contains("--yes"), "{}", ended.stderr);
    let ended = run(running, &["destroy", "--yes"]).await;
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert_shows!(ended.stderr);
    local_stack_serves(running, false).await;
    let ended = run(running, &["destroy", "--yes"]).await;
    assert!(ended.code == Some(0) && ended.stderr.contains("there is no stack"), "{}", ended.stderr);
    let ended = run(running, &["status"]).await;
    assert!(ended.code == Some(0) && ended.stdout.contains("not deployed"), "{}", ended.stdout);
    let ended = run(running, &["releases"]).await;
    assert!(ended.code == Some(0) && !ended.stdout.contains("deployed now"), "{}", ended.stdout);
    let ended = run(running, &["outputs"]).await;
    assert!(ended.code == Some(1) && ended.stderr.contains("deploy it first"), "{}", ended.stderr);

    // It cannot be created: CloudFormation leaves a stack in ROLLBACK_COMPLETE.
    let ended = run(running, &["deploy", "--release", &broken, "--yes"]).await;
    assert_eq!(ended.code, Some(1), "{}", ended.stderr);
    let error = ended.stderr.split_once("error:").unwrap().1.trim().to_owned();
    assert_shows!(error);
    // The next deployment deletes it, but is killed between change set and execution: REVIEW_IN_PROGRESS.
    Halted::at(running, &other, "ExecuteChangeSet", 1, Moment::Before).await.run.kill().await;
    let ended = run(running, &["deploy", "--release", &other, "--yes"]).await;
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert_shows!(ended.stderr);
    assert_eq!(deployed(running).await.release, other);
    assert_eq!(aws.get_object(bucket, "left-behind").await, b"still here");
    local_stack_serves(running, true).await;

    // The stack is deleted during a deployment.
    let last = craft(running, other_alarm(78)).await;
    let halted = Halted::at(running, &last, "ExecuteChangeSet", 1, Moment::Before).await;
    aws.cloudformation("DeleteStack").await;
    halted.faults.begin(|_| Fate::Forward);
    let ended = halted.run.end().await;
    assert!(ended.code == Some(1) && ended.stderr.contains("deploy again"), "{}", ended.stderr);
    let ended = run(running, &["deploy", "--release", &last, "--yes"]).await;
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert_eq!(deployed(running).await.release, last);
}
