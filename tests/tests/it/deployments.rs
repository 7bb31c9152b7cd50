//! Deploying, as a person does it: what the review shows, what is refused, what a failure tells, and how to go back.
//!
//! The tests share one stack, which each of them changes: they take turns, and each begins with what the source says.
//! After a test that failed, the next one has a new stack.
//! What a change of the source would be, they make by a release whose template or contract is another one.

mod asked;
mod crafted;
mod destroyed;
mod interrupted;
mod rights;
mod taking_over;
mod terminal;

use std::sync::Arc;

use faults::{AwsProxy, Fate, Faults, Moment};
use serde_json::{Value, json};

use self::crafted::{craft, deployed, first};
use self::terminal::assert_shows;
use crate::aws::Aws;
use crate::command::{Ended, Run, command};
use crate::stack::Running;
use crate::turns::{Turn, Turns};

static TURNS: Turns = Turns::of_stack("deployments");

/// All flags: whatever it takes.
const WHATEVER: [&str; 4] = ["deploy", "--yes", "--allow-iam-widening", "--allow-data-loss"];

/// The stack as the source says, for one test at a time.
async fn turn() -> (&'static Running, Turn) {
    let turn = TURNS.next().await;
    let running = turn.running;
    let ended = run(running, &WHATEVER).await;
    assert_eq!(ended.code, Some(0), "{}", ended.said);
    (running, turn)
}

async fn run(running: &'static Running, arguments: &[&str]) -> Ended {
    Run::start(running, arguments).end().await
}

/// Another threshold of the first alarm.
fn other_alarm(threshold: u32) -> impl FnOnce(&mut Value, &mut Value) {
    move |template, _| first(template, "AWS::CloudWatch::Alarm")["Threshold"] = json!(threshold)
}

/// A route without an integration, which API Gateway, and the emulator, refuse.
fn broken_route(template: &mut Value, _: &mut Value) {
    // With a token, since a route without one opens the API, which needs a flag.
    let broken = json!({ "get": { "security": [{ "token_dataset_auth": [] }] } });
    first(template, "AWS::ApiGatewayV2::Api")["Body"]["paths"]["/broken"] = broken;
}

#[tokio::test]
async fn a_deployment_without_changes_says_so() {
    let (running, _turn) = turn().await;
    let before = deployed(running).await;
    let ended = run(running, &["deploy"]).await;
    assert_eq!(ended.code, Some(0), "{}", ended.said);
    assert_shows!(ended.said);
    let outputs: Value = serde_json::from_str(&ended.printed).unwrap();
    assert_eq!(outputs["RestoreQueueUrl"], running.stack.queues.restore.as_str());
    assert_eq!(deployed(running).await, before);
    let ended = run(running, &["diff"]).await;
    assert_eq!(ended.code, Some(0), "{}", ended.said);
    assert_shows!(ended.printed);
}

#[tokio::test]
async fn a_changed_alarm_is_all_that_is_shown_and_changed() {
    let (running, _turn) = turn().await;
    let release = craft(running, other_alarm(12_345)).await;
    let ended = run(running, &["diff", "--release", &release]).await;
    assert_eq!(ended.code, Some(3), "{}", ended.said);
    assert_shows!(ended.printed);
    let ended = run(running, &["diff", "--release", &release, "--json"]).await;
    let review: Value = serde_json::from_str(&ended.printed).unwrap();
    assert_eq!(review["template"]["changes"].as_array().unwrap().len(), 1, "{review:#}");

    let outputs = tempfile::NamedTempFile::new().unwrap();
    let path = outputs.path().to_str().unwrap();
    // Nobody can answer here.
    let ended = run(running, &["deploy", "--release", &release]).await;
    assert_eq!(ended.code, Some(1), "{}", ended.said);
    assert!(
        ended.said.contains("nobody is here to answer") && ended.said.contains("--yes"),
        "{}",
        ended.said
    );
    let ended = run(running, &["deploy", "--release", &release, "--yes", "--outputs", path]).await;
    assert_eq!(ended.code, Some(0), "{}", ended.said);
    assert_shows!(ended.said);
    assert_eq!(std::fs::read_to_string(path).unwrap(), ended.printed);
    assert_eq!(deployed(running).await.release, release);
}

#[tokio::test]
async fn wider_permissions_need_a_flag() {
    let (running, _turn) = turn().await;
    let release = craft(running, |template, _| {
        let role = first(template, "AWS::IAM::Role");
        let statements = &mut role["Policies"][0]["PolicyDocument"]["Statement"];
        let wider = json!({ "Sid": "More", "Effect": "Allow", "Action": "s3:PutObject", "Resource": "*" });
        statements.as_array_mut().unwrap().push(wider);
    });
    let release = release.await;
    let before = deployed(running).await;
    let ended = run(running, &["deploy", "--release", &release, "--yes"]).await;
    assert_eq!(ended.code, Some(1), "{}", ended.said);
    assert_shows!(ended.said);
    assert_eq!(deployed(running).await, before);
    let ended = run(running, &["deploy", "--release", &release, "--yes", "--allow-iam-widening"]).await;
    assert_eq!(ended.code, Some(0), "{}", ended.said);
    // The way back takes it away again, and needs no flag.
    let ended = run(running, &["deploy", "--yes"]).await;
    assert_eq!(ended.code, Some(0), "{}", ended.said);
}

#[tokio::test]
async fn a_broken_contract_is_named() {
    let (running, _turn) = turn().await;
    let release = craft(running, |template, contract| {
        other_alarm(54_321)(template, contract);
        let route = contract["paths"]["/cloudfront/sign"].take();
        contract["paths"].as_object_mut().unwrap().remove("/cloudfront/sign");
        contract["paths"]["/cloudfront/signature"] = route;
    });
    let ended = run(running, &["diff", "--release", &release.await]).await;
    assert_eq!(ended.code, Some(3), "{}", ended.said);
    assert_shows!(ended.printed);
}

#[tokio::test]
async fn a_queue_is_not_replaced_without_a_flag() {
    let (running, _turn) = turn().await;
    let rename = |template: &mut Value, _: &mut Value| {
        first(template, "AWS::SQS::Queue")["QueueName"] = json!("another-name");
    };
    let release = craft(running, rename).await;
    let before = deployed(running).await;
    let ended = run(running, &["deploy", "--release", &release, "--yes"]).await;
    assert_eq!(ended.code, Some(1), "{}", ended.said);
    assert_shows!(ended.said);
    assert_eq!(deployed(running).await, before);
    let ended = run(running, &["deploy", "--release", &release, "--yes", "--allow-data-loss"]).await;
    assert_eq!(ended.code, Some(0), "{}", ended.said);
}

#[tokio::test]
async fn a_failure_is_told_by_its_cause_and_leaves_what_was_there() {
    let (running, _turn) = turn().await;
    let before = deployed(running).await;
    let release = craft(running, |template, contract| {
        broken_route(template, contract);
        other_alarm(99)(template, contract);
    });
    let release = release.await;
    let ended = run(running, &["deploy", "--release", &release, "--yes"]).await;
    assert_eq!(ended.code, Some(1), "{}", ended.said);
    assert_shows!(ended.said);
    assert_eq!(deployed(running).await.template, before.template);
    let ended = run(running, &["releases", "--json"]).await;
    let releases: Value = serde_json::from_str(&ended.printed).unwrap();
    let failed = releases.as_array().unwrap().iter().find(|it| it["release"]["id"] == release.as_str());
    assert_eq!(failed.unwrap()["release"]["deployments"][0]["ending"]["succeeded"], false, "{releases:#}");
    // The next deployment finds nothing to do.
    let ended = run(running, &["deploy", "--yes"]).await;
    assert!(ended.code == Some(0) && ended.said.contains("no changes"), "{}", ended.said);
}

#[tokio::test]
async fn a_template_that_no_request_holds_is_deployed_by_its_url() {
    let (running, _turn) = turn().await;
    let release = craft(running, |template, contract| {
        other_alarm(555)(template, contract);
        for number in 0..100 {
            let output = json!({ "Value": "x".repeat(600), "Description": "Padding." });
            template["Outputs"][format!("Padding{number}")] = output;
        }
    });
    let release = release.await;
    let ended = run(running, &["deploy", "--release", &release, "--yes"]).await;
    assert_eq!(ended.code, Some(0), "{}", ended.said);
    assert!(deployed(running).await.template.to_string().len() > 51_200);
    assert_eq!(deployed(running).await.release, release);
}

#[tokio::test]
async fn a_rollback_puts_the_previous_release_back() {
    let (running, _turn) = turn().await;
    let (one, two) = (craft(running, other_alarm(111)).await, craft(running, other_alarm(222)).await);
    for release in [&one, &two] {
        let ended = run(running, &["deploy", "--release", release, "--yes"]).await;
        assert_eq!(ended.code, Some(0), "{}", ended.said);
    }
    let ended = run(running, &["rollback", "--yes"]).await;
    assert_eq!(ended.code, Some(0), "{}", ended.said);
    assert_shows!(ended.said);
    assert_eq!(deployed(running).await.release, one);
    let ended = run(running, &["rollback", "--to", &two, "--yes"]).await;
    assert_eq!(ended.code, Some(0), "{}", ended.said);
    assert_eq!(deployed(running).await.release, two);
    let ended = run(running, &["status"]).await;
    assert!(ended.code == Some(0) && ended.printed.contains(&two), "{}", ended.printed);
    let ended = run(running, &["rollback", "--to", "20200101T000000Z-nothing", "--yes"]).await;
    assert!(ended.code == Some(1) && ended.said.contains("has no release"), "{}", ended.said);
    let ended = run(running, &["rollback", "--to", "yesterday", "--yes"]).await;
    assert_eq!(ended.code, Some(2), "{}", ended.said);
}

#[tokio::test]
async fn what_is_published_is_deployed_without_a_build() {
    let (running, _turn) = turn().await;
    let ended = run(running, &["publish"]).await;
    assert_eq!(ended.code, Some(0), "{}", ended.said);
    let release = ended.printed.trim().to_owned();
    // The same source is the same release.
    assert_eq!(run(running, &["publish"]).await.printed.trim(), release);
    let other = craft(running, other_alarm(333)).await;
    let ended = run(running, &["deploy", "--release", &other, "--yes"]).await;
    assert_eq!(ended.code, Some(0), "{}", ended.said);
    let ended = run(running, &["deploy", "--release", &release, "--yes"]).await;
    assert!(ended.code == Some(0) && !ended.said.contains("building"), "{}", ended.said);
}

#[tokio::test]
async fn a_fact_of_the_platform_that_is_missing_is_told_by_its_path() {
    let (running, _turn) = turn().await;
    let aws = Aws::of(&running.stack);
    let path = "/local/platform/jobs-queue-arn";
    let value = aws.take_parameter(path).await;
    let ended = run(running, &["deploy", "--yes"]).await;
    assert_eq!(ended.code, Some(1), "{}", ended.said);
    assert_shows!(ended.said);
    // Another value is a change, though no template has changed.
    aws.put_parameter(path, &format!("{value}-other")).await;
    let ended = run(running, &["diff"]).await;
    aws.put_parameter(path, &value).await;
    assert_eq!(ended.code, Some(3), "{}", ended.said);
    assert_shows!(ended.printed);
}

/// `*` in the place of a queue's ARN would let the restore function send to every queue.
#[tokio::test]
async fn a_fact_that_is_a_wildcard_is_refused() {
    let (running, _turn) = turn().await;
    let aws = Aws::of(&running.stack);
    let path = "/local/platform/jobs-queue-arn";
    let value = aws.take_parameter(path).await;
    aws.put_parameter(path, "*").await;
    let ended = run(running, &["deploy", "--yes"]).await;
    // Another queue is a right that nobody has allowed yet.
    aws.put_parameter(path, &format!("{value}-other")).await;
    let other = run(running, &["deploy", "--yes"]).await;
    aws.put_parameter(path, &value).await;
    let refusal = "/local/platform/jobs-queue-arn has a wrong value: `*` is not the ARN of a queue";
    assert!(ended.code == Some(1) && ended.said.contains(refusal), "{}", ended.said);
    assert!(other.code == Some(1) && other.said.contains("pass --allow-iam-widening"), "{}", other.said);
}

#[tokio::test]
async fn a_deployment_bears_being_throttled() {
    let (running, _turn) = turn().await;
    let release = craft(running, other_alarm(777)).await;
    let faults = Faults::new();
    let proxy = AwsProxy::start(&running.stack.aws_endpoint_url, Arc::clone(&faults)).await.unwrap();
    // The first call of each operation.
    faults.begin(|call| if call.number_of_operation == 1 { Fate::Throttle } else { Fate::Forward });
    let mut deploy = command(running, &["deploy", "--release", &release, "--yes"]);
    deploy.env("AWS_ENDPOINT_URL", proxy.url());
    let ended = Run::of(deploy).end().await;
    assert_eq!(ended.code, Some(0), "{}", ended.said);
    assert_eq!(deployed(running).await.release, release);
}

#[tokio::test]
async fn a_second_person_is_told_who_deploys_and_when() {
    let (running, _turn) = turn().await;
    let faults = Faults::new();
    let proxy = AwsProxy::start(&running.stack.aws_endpoint_url, Arc::clone(&faults)).await.unwrap();
    let release = craft(running, other_alarm(444)).await;
    faults.begin(|call| {
        if call.operation == "ExecuteChangeSet" { Fate::Stop(Moment::Before) } else { Fate::Forward }
    });
    let mut first = command(running, &["deploy", "--release", &release, "--yes"]);
    first.env("AWS_ENDPOINT_URL", proxy.url());
    let first = Run::of(first);
    faults.stopped().await;
    let second = run(running, &["deploy", "--yes"]).await;
    assert_eq!(second.code, Some(1), "{}", second.said);
    assert_shows!(second.said);
    let status = run(running, &["status"]).await;
    assert!(status.printed.contains("under way     deploy by arn:aws:"), "{}", status.printed);
    faults.begin(|_| Fate::Forward);
    let first = first.end().await;
    assert_eq!(first.code, Some(0), "{}", first.said);
    assert_eq!(deployed(running).await.release, release);
}
