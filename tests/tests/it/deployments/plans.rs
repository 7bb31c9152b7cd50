//! Plans: what was reviewed is applied exactly, or refused. And approvals by name.

use serde_json::{Value, json};

use super::crafted::{craft, deployed};
use super::terminal::assert_shows;
use super::{other_alarm, run, turn};

#[tokio::test]
async fn plan_is_applied_as_it_was_reviewed_or_refused() {
    let (running, _turn) = turn().await;
    let plan = tempfile::NamedTempFile::new().unwrap();
    let path = plan.path().to_str().unwrap();
    let (one, two) = (craft(running, other_alarm(2_001)).await, craft(running, other_alarm(2_002)).await);

    let ended = run(running, &["diff", "--release", &one, "--out", path]).await;
    assert_eq!(ended.code, Some(3), "{}", ended.stderr);
    // There is no prompt: the plan was reviewed.
    let ended = run(running, &["deploy", "--plan", path]).await;
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert_eq!(deployed(running).await.release, one);
    // A plan that was applied needs no changes.
    let ended = run(running, &["deploy", "--plan", path]).await;
    assert!(ended.code == Some(0) && ended.stderr.contains("no changes"), "{}", ended.stderr);

    let ended = run(running, &["deploy", "--release", &two, "--yes"]).await;
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let ended = run(running, &["deploy", "--plan", path]).await;
    assert_eq!(ended.code, Some(1), "{}", ended.stderr);
    assert!(ended.stderr.contains("nothing was changed: since the plan was made"), "{}", ended.stderr);
    assert!(ended.stderr.contains("this has changed: template"), "{}", ended.stderr);
    assert_eq!(deployed(running).await.release, two);

    let ended = run(running, &["deploy", "--plan", "/dev/null"]).await;
    assert!(ended.code == Some(1) && ended.stderr.contains("this is not a plan"), "{}", ended.stderr);
}

#[tokio::test]
async fn change_is_allowed_by_its_name() {
    let (running, _turn) = turn().await;
    let release = craft(running, |template, _| {
        let roles = template["Resources"].as_object_mut().unwrap().values_mut();
        let mut roles = roles.filter(|resource| resource["Type"] == "AWS::IAM::Role");
        let role = &mut roles.next().unwrap()["Properties"];
        let statements = &mut role["Policies"][0]["PolicyDocument"]["Statement"];
        let wider = json!({ "Sid": "More", "Effect": "Allow", "Action": "s3:PutObject", "Resource": "*" });
        statements.as_array_mut().unwrap().push(wider);
    });
    let release = release.await;
    let before = deployed(running).await;
    let other = ["deploy", "--release", &release, "--yes", "--allow", "iam:Other"];
    let ended = run(running, &other).await;
    assert_eq!(ended.code, Some(1), "{}", ended.stderr);
    assert!(ended.stderr.contains("nothing in this review needs --allow iam:Other"), "{}", ended.stderr);
    assert!(ended.stderr.contains("or --allow iam:More"), "{}", ended.stderr);
    assert_eq!(deployed(running).await, before);
    let ended = run(running, &["deploy", "--release", &release, "--yes", "--allow", "iam:More"]).await;
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let ended = run(running, &["deploy", "--yes", "--allow", "More"]).await;
    assert_eq!(ended.code, Some(2), "{}", ended.stderr);
}

#[tokio::test]
async fn review_is_printed_as_markdown_and_counted_in_json() {
    let (running, _turn) = turn().await;
    let release = craft(running, |template, contract| {
        other_alarm(2_003)(template, contract);
        contract["paths"].as_object_mut().unwrap().remove("/cloudfront/sign");
    });
    let release = release.await;
    let ended = run(running, &["diff", "--release", &release, "--format", "markdown"]).await;
    assert_eq!(ended.code, Some(3), "{}", ended.stderr);
    assert_shows!(ended.stdout);
    let ended = run(running, &["diff", "--release", &release, "--json"]).await;
    let review: Value = serde_json::from_str(&ended.stdout).unwrap();
    let counts = &review["counts"];
    assert_eq!((&counts["change"], &counts["add"]), (&json!(1), &json!(0)), "{counts}");
    assert_eq!(counts["breaking"], 1, "{counts}");
}
