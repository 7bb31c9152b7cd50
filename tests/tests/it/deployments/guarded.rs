//! Deployments that an alarm rolls back, and deployments that are not waited for.

use faults::{Fate, Moment};
use serde_json::Value;

use super::crafted::{craft, deployed};
use super::interrupted::Halted;
use super::{other_alarm, run, turn};
use crate::aws::Aws;

const ALARM: &str = "local-packages-service-api-5xx-use1";

#[tokio::test]
async fn alarm_that_becomes_active_rolls_the_deployment_back() {
    let (running, _turn) = turn().await;
    let aws = Aws::for_stack(&running.stack);
    let before = deployed(running).await;
    let release = craft(running, other_alarm(3_001)).await;
    let halted = Halted::at(running, &release, "ExecuteChangeSet", 1, Moment::Before).await;
    aws.set_alarm_state(ALARM, "ALARM").await;
    halted.faults.begin(|_| Fate::Forward);
    let ended = halted.run.end().await;
    assert_eq!(ended.code, Some(1), "{}", ended.stderr);
    let error = ended.stderr.split_once("error: ").unwrap().1;
    assert!(error.starts_with(&format!("alarm {ALARM} became active: More than 5 % of")), "{error}");
    assert!(error.contains("was rolled back (UPDATE_ROLLBACK_COMPLETE)"), "{error}");
    assert!(error.contains("(the stack): Rollback requested"), "{error}");
    assert_eq!(deployed(running).await.template, before.template);

    // An alarm that is active already does not prevent the correction.
    let ended = run(running, &["deploy", "--release", &release, "--yes"]).await;
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let note = format!("alarm {ALARM} is active already, so it does not guard this deployment");
    assert!(ended.stderr.contains(&note), "{}", ended.stderr);
    aws.set_alarm_state(ALARM, "OK").await;
}

#[tokio::test]
async fn deployment_that_is_not_waited_for_is_verified_by_the_next() {
    let (running, _turn) = turn().await;
    let release = craft(running, other_alarm(3_002)).await;
    let ended = run(running, &["deploy", "--release", &release, "--yes", "--no-wait"]).await;
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert!(ended.stderr.contains("CloudFormation makes the changes now"), "{}", ended.stderr);
    assert_eq!(ended.stdout, "");
    // Something needs attention: the release was not verified.
    let ended = run(running, &["status", "--follow"]).await;
    assert_eq!(ended.code, Some(3), "{}", ended.stderr);
    assert!(ended.stdout.contains("; not verified"), "{}", ended.stdout);
    let ended = run(running, &["deploy", "--release", &release, "--yes"]).await;
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert!(ended.stderr.contains("no changes") && ended.stderr.contains("✓ verify"), "{}", ended.stderr);
    let ended = run(running, &["status", "--json"]).await;
    let status: Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(status["release"]["deployments"][0]["ending"]["outcome"], "verified", "{status:#}");
}
