//! Drift that is put back, and deleted resources that drift detection does not check.

use serde_json::json;
use stack::OutputName;

use super::crafted::{deletable_alarm, deployed, first};
use super::terminal::assert_shows;
use super::{run, turn};
use crate::aws::Aws;

#[tokio::test]
async fn drift_is_put_back() {
    let (running, _turn) = turn().await;
    let aws = Aws::for_stack(&running.stack);
    let queue = running.described()["queues"]["restore"].as_str().unwrap().to_owned();
    aws.set_queue_attribute(&queue, "VisibilityTimeout", "5432").await;
    // There is no terminal to ask for confirmation.
    let ended = run(running, &["drift", "--repair"]).await;
    assert_eq!(ended.code, Some(1), "{}", ended.stderr);
    assert!(ended.stderr.contains("--yes"), "{}", ended.stderr);
    assert_eq!(run(running, &["drift"]).await.code, Some(3));

    let ended = run(running, &["drift", "--repair", "--yes"]).await;
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert_shows!(ended.stderr);
    assert_eq!(run(running, &["drift"]).await.code, Some(0));
    let ended = run(running, &["drift", "--repair", "--yes"]).await;
    assert!(ended.code == Some(0) && !ended.stderr.contains("change set"), "{}", ended.stderr);
}

#[tokio::test]
async fn deleted_resource_that_drift_detection_does_not_check_is_drift() {
    let (running, _turn) = turn().await;
    let aws = Aws::for_stack(&running.stack);
    let alarm = deletable_alarm(running).await;
    aws.delete_alarm(&alarm).await;
    let ended = run(running, &["drift"]).await;
    aws.put_alarm(&alarm).await;
    assert_eq!(ended.code, Some(3), "{}", ended.stderr);
    assert!(ended.stdout.contains(&alarm) && ended.stdout.contains("DELETED"), "{}", ended.stdout);
    assert_eq!(run(running, &["drift"]).await.code, Some(0));
}

#[tokio::test]
async fn property_that_cloudformation_leaves_is_put_back_by_itself() {
    let (running, _turn) = turn().await;
    let aws = Aws::for_stack(&running.stack);
    let mut template = deployed(running).await.template;
    let group = first(&mut template, "AWS::Logs::LogGroup")["LogGroupName"].as_str().unwrap().to_owned();
    aws.set_log_retention(&group, 7).await;
    let ended = run(running, &["drift", "--repair", "--yes"]).await;
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert_shows!(ended.stderr);
    assert_eq!(run(running, &["drift"]).await.code, Some(0));
}

#[tokio::test]
async fn what_was_added_by_hand_is_drift() {
    let (running, _turn) = turn().await;
    let aws = Aws::for_stack(&running.stack);
    let (api, function) =
        (aws.output(OutputName::ApiId).await, aws.output(OutputName::RestoreFunctionName).await);
    let route = aws.add_route(&api, &json!({ "routeKey": "GET /debug" })).await;
    aws.add_permission(&function, "by-hand").await;
    let ended = run(running, &["drift"]).await;
    aws.delete_route(&api, &route).await;
    aws.remove_permission(&function, "by-hand").await;
    assert_eq!(ended.code, Some(3), "{}", ended.stderr);
    assert_shows!(format!("{}\n{}", ended.stdout, ended.stderr));
    assert_eq!(run(running, &["drift"]).await.code, Some(0));
}
