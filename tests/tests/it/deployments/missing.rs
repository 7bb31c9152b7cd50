//! Resources that were deleted without CloudFormation.

use faults::Fate;

use super::confirmation::with_faults;
use super::crafted::deletable_alarm;
use super::terminal::assert_shows;
use super::{run, turn};
use crate::aws::Aws;

#[tokio::test]
async fn deleted_alarm_is_found_without_drift_detection() {
    let (running, _turn) = turn().await;
    let aws = Aws::for_stack(&running.stack);
    let alarm = deletable_alarm(running).await;
    aws.delete_alarm(&alarm).await;
    let diff = run(running, &["diff"]).await;
    let deploy = run(running, &["deploy", "--yes"]).await;
    aws.put_alarm(&alarm).await;
    assert_eq!(diff.code, Some(3), "{}", diff.stderr);
    assert!(diff.stdout.contains(&format!("! {alarm} (")), "{}", diff.stdout);
    assert_shows!(diff.stdout);
    assert_eq!(deploy.code, Some(1), "{}", deploy.stderr);
    let error = deploy.stderr.split_once("error:").unwrap().1.trim().to_owned();
    assert_shows!(error);
    assert_eq!(run(running, &["diff"]).await.code, Some(0));
}

#[tokio::test]
async fn resources_that_cannot_be_looked_up_are_no_error() {
    let (running, _turn) = turn().await;
    let deny = |call: &faults::Call| {
        if call.operation == "GetResource" { Fate::Deny } else { Fate::Forward }
    };
    let diff = with_faults(running, &["diff"], deny).await;
    assert_eq!(diff.code, Some(0), "{}", diff.stderr);
    assert!(diff.stdout.contains("could not look up whether"), "{}", diff.stdout);
    let stderr = with_faults(running, &["deploy"], deny).await.success();
    assert!(stderr.contains("no changes") && stderr.contains("could not look up whether"), "{stderr}");
}
