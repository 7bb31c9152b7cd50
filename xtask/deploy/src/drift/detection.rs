//! Runs CloudFormation's drift detection.

use std::time::Duration;

use anyhow::{Context, Result};
use aws_sdk_cloudformation::Client;
use aws_sdk_cloudformation::types::{
    StackDriftDetectionStatus, StackResourceDrift, StackResourceDriftStatus,
};

/// The time limit of a detection, which takes about a second per resource.
const LIMIT: Duration = Duration::from_mins(10);

/// Detects drift of all resources of a stack, and returns why some could not be checked, if so.
pub(super) async fn run(client: &Client, stack_name: &str) -> Result<Option<String>> {
    let response = client.detect_stack_drift().stack_name(stack_name).send().await;
    let response = response
        .with_context(|| format!("CloudFormation could not start to detect drift of {stack_name}"))?;
    let id =
        response.stack_drift_detection_id.context("CloudFormation returned no id for the drift detection")?;
    let ended = async {
        let mut pause = Duration::from_millis(100);
        loop {
            let request = client.describe_stack_drift_detection_status().stack_drift_detection_id(&id);
            let response = request.send().await.context("cannot read the progress of the drift detection")?;
            match response.detection_status {
                Some(StackDriftDetectionStatus::DetectionComplete) => return Ok(None),
                Some(StackDriftDetectionStatus::DetectionFailed) => {
                    return Ok(Some(
                        response.detection_status_reason.unwrap_or("no reason given".to_owned()),
                    ));
                }
                _ => tokio::time::sleep(pause).await,
            }
            pause = (pause * 2).min(Duration::from_secs(5));
        }
    };
    let in_time = tokio::time::timeout(LIMIT, ended).await;
    in_time.with_context(|| {
        format!("the drift detection took longer than {} minutes; try again later", LIMIT.as_secs() / 60)
    })?
}

/// Returns the results of the last detection.
pub(super) async fn results(client: &Client, stack_name: &str) -> Result<Vec<StackResourceDrift>> {
    let mut drifts = Vec::new();
    let mut token = None;
    loop {
        let request = client
            .describe_stack_resource_drifts()
            .stack_name(stack_name)
            .stack_resource_drift_status_filters(StackResourceDriftStatus::Modified)
            .stack_resource_drift_status_filters(StackResourceDriftStatus::Deleted)
            .set_next_token(token);
        let page = request.send().await.context("cannot read the results of the drift detection")?;
        drifts.extend(page.stack_resource_drifts.unwrap_or_default());
        token = page.next_token.filter(|token| !token.is_empty());
        if token.is_none() {
            return Ok(drifts);
        }
    }
}
