//! Platform parameters that have changed since the last deployment.

use super::command::Keys;
use super::{assert_settled, turn};
use crate::aws::Aws;
use crate::command::{Ended, Run};
use crate::stack::Running;

const PARAMETER: &str = "/local/platform/jobs-queue-arn";

/// Runs a command about keys while a platform parameter has another value than at the last deployment. Returns the
/// parameter's value as well.
async fn run_with_changed_parameter(running: &'static Running, arguments: &[&str]) -> (Ended, String) {
    let aws = Aws::for_stack(&running.stack);
    let value = aws.take_parameter(PARAMETER).await;
    aws.put_parameter(PARAMETER, &format!("{value}-other")).await;
    let ended = Keys::start(running, arguments).end().await;
    aws.put_parameter(PARAMETER, &value).await;
    (ended, value)
}

#[tokio::test]
async fn rotation_is_rejected_while_a_platform_parameter_has_changed() {
    let (running, _turn) = turn().await;
    let before = assert_settled(running).await;
    let (ended, _) = run_with_changed_parameter(running, &["rotate", "--yes"]).await;
    let stderr = ended.failure();
    assert!(stderr.contains("JobsQueueArn") && stderr.contains("deploy them first"), "{stderr}");
    // With the parameter as it was, the rotation continues.
    Keys::start(running, &["rotate", "--yes", "--wait", "--overlap", "3s"]).end().await.success();
    assert_ne!(assert_settled(running).await, before);
}

#[tokio::test]
async fn emergency_shows_changed_platform_parameters_and_continues() {
    let (running, _turn) = turn().await;
    let before = assert_settled(running).await;
    let (ended, value) = run_with_changed_parameter(running, &["rotate", "--emergency", "--yes"]).await;
    let stderr = ended.success();
    assert!(stderr.contains(&format!("JobsQueueArn: {value} → {value}-other")), "{stderr}");
    assert_ne!(assert_settled(running).await, before);
    Run::start(running, &["deploy", "--yes", "--allow-iam-widening"]).end().await.success();
}
