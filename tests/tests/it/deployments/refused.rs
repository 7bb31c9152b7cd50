//! Templates that CloudFormation refuses before it changes anything.

use serde_json::json;

use super::crafted::{craft, deployed, first};
use super::terminal::assert_shows;
use super::{other_alarm, run, turn};

#[tokio::test]
async fn property_that_does_not_exist_fails_the_change_set() {
    let (running, _turn) = turn().await;
    let before = deployed(running).await;
    let release = craft(running, |template, _| {
        first(template, "AWS::SQS::Queue")["VisibilityTimeoutSeconds"] = json!(30);
    });
    let ended = run(running, &["deploy", "--release", &release.await, "--yes"]).await;
    assert_eq!(ended.code, Some(1), "{}", ended.stderr);
    let error = ended.stderr.split_once("error: ").unwrap().1.to_owned();
    assert_shows!(error);
    assert_eq!(deployed(running).await, before);
}

#[tokio::test]
async fn description_that_is_too_long_is_refused_with_the_request() {
    let (running, _turn) = turn().await;
    let before = deployed(running).await;
    let release = craft(running, |template, contract| {
        other_alarm(777)(template, contract);
        template["Description"] = json!("x".repeat(1025));
    });
    let ended = run(running, &["deploy", "--release", &release.await, "--yes"]).await;
    assert_eq!(ended.code, Some(1), "{}", ended.stderr);
    let error = ended.stderr.split_once("error: ").unwrap().1.to_owned();
    assert_shows!(error);
    assert_eq!(deployed(running).await, before);
}
