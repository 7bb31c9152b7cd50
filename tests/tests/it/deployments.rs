//! Deployments: what the review shows, what is rejected, what a failure reports, and rollbacks.
//!
//! The tests share two stacks and change them, one test at a time; each of them starts with the state of the source.
//! After a test that failed, the next one gets a new stack.
//! Instead of changing the source, they use releases with another template or contract.

mod checks;
mod confirmation;
mod crafted;
mod destroyed;
mod guarded;
mod interrupted;
mod locked;
mod missing;
mod origins;
mod plans;
mod quiet;
mod records;
mod refused;
mod repaired;
mod rights;
mod rollback;
mod taking_over;
mod terminal;

use faults::{Fate, Faults, Moment};
use serde_json::{Value, json};

use self::crafted::{craft, deployed, first};
use self::terminal::assert_shows;
use crate::aws::Aws;
use crate::client::Client;
use crate::command::{Ended, Run, command};
use crate::stack::{Running, aws_proxy};
use crate::turns::{Turn, Turns};
use crate::waiting::{eventually, within_limit};

/// Two stacks, so that two tests can run at the same time.
static TURNS: [Turns; 2] = [Turns::for_stack("deployments"), Turns::for_stack("more-deployments")];

/// A deployment with all flags.
const WHATEVER: [&str; 4] = ["deploy", "--yes", "--allow-iam-widening", "--allow-data-loss"];

/// Returns the stack in the state of the source, for one test at a time.
async fn turn() -> (&'static Running, Turn) {
    let turn = Turns::next_of(&TURNS).await;
    let running = turn.running;
    let ended = run(running, &WHATEVER).await;
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    (running, turn)
}

async fn run(running: &'static Running, arguments: &[&str]) -> Ended {
    Run::start(running, arguments).end().await
}

/// Runs a command for a template with other names than those that the deployer's policies name.
async fn run_as_administrator(running: &'static Running, arguments: &[&str]) -> Ended {
    run(running, &[arguments, &["--as", "administrator"]].concat()).await
}

/// Returns a change of the threshold of the first alarm.
fn other_alarm(threshold: u32) -> impl FnOnce(&mut Value, &mut Value) {
    move |template, _| first(template, "AWS::CloudWatch::Alarm")["Threshold"] = json!(threshold)
}

/// Adds a route without an integration, which API Gateway and the emulator reject.
fn broken_route(template: &mut Value, _: &mut Value) {
    // It requires a token: a route without one opens the API, which needs a flag.
    let broken = json!({ "get": { "security": [{ "token_dataset_auth": [] }] } });
    first(template, "AWS::ApiGatewayV2::Api")["Body"]["paths"]["/broken"] = broken;
}

#[tokio::test]
async fn deployment_without_changes_says_so() {
    let (running, _turn) = turn().await;
    let before = deployed(running).await;
    let ended = run(running, &["deploy"]).await;
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert_shows!(ended.stderr);
    let outputs: Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(outputs["RestoreQueueUrl"], running.stack.queues.restore.as_str());
    assert_eq!(deployed(running).await, before);
    let ended = run(running, &["diff"]).await;
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert_shows!(ended.stdout);
}

#[tokio::test]
async fn changed_alarm_is_the_only_change() {
    let (running, _turn) = turn().await;
    let release = craft(running, other_alarm(12_345)).await;
    let ended = run(running, &["diff", "--release", &release]).await;
    assert_eq!(ended.code, Some(3), "{}", ended.stderr);
    assert_shows!(ended.stdout);
    let ended = run(running, &["diff", "--release", &release, "--json"]).await;
    let review: Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(review["template"]["changes"].as_array().unwrap().len(), 1, "{review:#}");

    let outputs = tempfile::NamedTempFile::new().unwrap();
    let path = outputs.path().to_str().unwrap();
    // There is no terminal to ask for confirmation.
    let ended = run(running, &["deploy", "--release", &release]).await;
    assert_eq!(ended.code, Some(1), "{}", ended.stderr);
    assert!(
        ended.stderr.contains("cannot ask for confirmation without a terminal")
            && ended.stderr.contains("--yes"),
        "{}",
        ended.stderr
    );
    let ended = run(running, &["deploy", "--release", &release, "--yes", "--outputs", path]).await;
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert_shows!(ended.stderr);
    assert_eq!(std::fs::read_to_string(path).unwrap(), ended.stdout);
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
    assert_eq!(ended.code, Some(1), "{}", ended.stderr);
    assert_shows!(ended.stderr);
    assert_eq!(deployed(running).await, before);
    let ended = run(running, &["deploy", "--release", &release, "--yes", "--allow-iam-widening"]).await;
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    // Removing the permission again needs no flag.
    let ended = run(running, &["deploy", "--yes"]).await;
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
}

#[tokio::test]
async fn breaking_change_of_the_api_is_shown() {
    let (running, _turn) = turn().await;
    let release = craft(running, |template, contract| {
        other_alarm(54_321)(template, contract);
        let route = contract["paths"]["/cloudfront/sign"].take();
        contract["paths"].as_object_mut().unwrap().remove("/cloudfront/sign");
        contract["paths"]["/cloudfront/signature"] = route;
    });
    let ended = run(running, &["diff", "--release", &release.await]).await;
    assert_eq!(ended.code, Some(3), "{}", ended.stderr);
    assert_shows!(ended.stdout);
}

#[tokio::test]
async fn queue_is_replaced_only_with_a_flag() {
    let (running, _turn) = turn().await;
    let rename = |template: &mut Value, _: &mut Value| {
        first(template, "AWS::SQS::Queue")["QueueName"] = json!("another-name");
    };
    let release = craft(running, rename).await;
    let before = deployed(running).await;
    let ended = run_as_administrator(running, &["deploy", "--release", &release, "--yes"]).await;
    assert_eq!(ended.code, Some(1), "{}", ended.stderr);
    assert_shows!(ended.stderr);
    assert_eq!(deployed(running).await, before);
    let ended =
        run_as_administrator(running, &["deploy", "--release", &release, "--yes", "--allow-data-loss"]).await;
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    run_as_administrator(running, &WHATEVER).await.success();
}

#[tokio::test]
async fn local_stack_polls_the_restore_queue_that_is_deployed() {
    let (running, _turn) = turn().await;
    let release = craft(running, |template, _| {
        let mut resources = template["Resources"].as_object_mut().unwrap().values_mut();
        // The restore queue is the one with dead letters.
        let queue = resources.find(|resource| resource["Properties"]["RedrivePolicy"].is_object()).unwrap();
        queue["Properties"]["QueueName"] = json!("another-restore-queue");
    });
    let release = release.await;
    let ended =
        run_as_administrator(running, &["deploy", "--release", &release, "--yes", "--allow-data-loss"]).await;
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let described = async || {
        let queue = running.described()["queues"]["restore"].clone();
        queue.as_str()?.ends_with("/another-restore-queue").then_some(())
    };
    eventually("stack.json names the new queue", described).await;
    let client = Client::for_stack(&running.stack);
    let file = &*running.stack.packages.deleted_file;
    let response = client.restore(&running.stack.dataset_id, &[file]).await;
    assert_eq!(response.success, [file]);
    let aws = Aws::for_stack(&running.stack);
    let restored = async || (!aws.has_delete_record(file).await).then_some(());
    eventually("the package is restored", restored).await;
    run_as_administrator(running, &WHATEVER).await.success();
}

#[tokio::test]
async fn failed_deployment_shows_its_cause_and_is_rolled_back() {
    let (running, _turn) = turn().await;
    let before = deployed(running).await;
    let release = craft(running, |template, contract| {
        broken_route(template, contract);
        other_alarm(99)(template, contract);
    });
    let release = release.await;
    let ended = run(running, &["deploy", "--release", &release, "--yes"]).await;
    assert_eq!(ended.code, Some(1), "{}", ended.stderr);
    assert_shows!(ended.stderr);
    assert_eq!(deployed(running).await.template, before.template);
    let ended = run(running, &["releases", "--json"]).await;
    let releases: Value = serde_json::from_str(&ended.stdout).unwrap();
    let failed = releases.as_array().unwrap().iter().find(|it| it["release"]["id"] == release.as_str());
    assert_eq!(failed.unwrap()["release"]["deployments"][0]["ending"]["outcome"], "failed", "{releases:#}");
    // The next deployment has no changes.
    let ended = run(running, &["deploy", "--yes"]).await;
    assert!(ended.code == Some(0) && ended.stderr.contains("no changes"), "{}", ended.stderr);
}

#[tokio::test]
async fn large_template_is_deployed_by_url() {
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
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert!(deployed(running).await.template.to_string().len() > 51_200);
    assert_eq!(deployed(running).await.release, release);
}

#[tokio::test]
async fn rollback_deploys_the_previous_release() {
    let (running, _turn) = turn().await;
    let (one, two) = (craft(running, other_alarm(111)).await, craft(running, other_alarm(222)).await);
    for release in [&one, &two] {
        let ended = run(running, &["deploy", "--release", release, "--yes"]).await;
        assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    }
    let ended = run(running, &["rollback", "--yes"]).await;
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert_shows!(ended.stderr);
    assert_eq!(deployed(running).await.release, one);
    let ended = run(running, &["rollback", "--to", &two, "--yes"]).await;
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert_eq!(deployed(running).await.release, two);
    let ended = run(running, &["status"]).await;
    assert!(ended.stdout.contains(&two) && !ended.stdout.contains("not verified"), "{}", ended.stdout);
    let ended = run(running, &["rollback", "--to", "20200101T000000Z-nothing", "--yes"]).await;
    assert!(ended.code == Some(1) && ended.stderr.contains("has no release"), "{}", ended.stderr);
    let ended = run(running, &["rollback", "--to", "yesterday", "--yes"]).await;
    assert_eq!(ended.code, Some(2), "{}", ended.stderr);
}

#[tokio::test]
async fn published_release_is_deployed_without_a_build() {
    let (running, _turn) = turn().await;
    let ended = run(running, &["publish"]).await;
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let release = ended.stdout.trim().to_owned();
    // The same source results in the same release.
    assert_eq!(run(running, &["publish"]).await.stdout.trim(), release);
    let other = craft(running, other_alarm(333)).await;
    let ended = run(running, &["deploy", "--release", &other, "--yes"]).await;
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let ended = run(running, &["deploy", "--release", &release, "--yes"]).await;
    assert!(ended.code == Some(0) && !ended.stderr.contains("building"), "{}", ended.stderr);
}

#[tokio::test]
async fn missing_platform_parameter_is_reported_by_path() {
    let (running, _turn) = turn().await;
    let aws = Aws::for_stack(&running.stack);
    let path = "/local/platform/jobs-queue-arn";
    let value = aws.take_parameter(path).await;
    let ended = run(running, &["deploy", "--yes"]).await;
    assert_eq!(ended.code, Some(1), "{}", ended.stderr);
    assert_shows!(ended.stderr);
    // Another value is a change although the template is the same.
    aws.put_parameter(path, &format!("{value}-other")).await;
    let ended = run(running, &["diff"]).await;
    aws.put_parameter(path, &value).await;
    assert_eq!(ended.code, Some(3), "{}", ended.stderr);
    assert_shows!(ended.stdout);
}

/// With `*` instead of a queue's ARN, the restore function could send to every queue.
#[tokio::test]
async fn platform_parameter_with_a_wildcard_is_rejected() {
    let (running, _turn) = turn().await;
    let aws = Aws::for_stack(&running.stack);
    let path = "/local/platform/jobs-queue-arn";
    let value = aws.take_parameter(path).await;
    aws.put_parameter(path, "*").await;
    let ended = run(running, &["deploy", "--yes"]).await;
    // Another queue is a wider permission, which needs a flag.
    aws.put_parameter(path, &format!("{value}-other")).await;
    let other = run(running, &["deploy", "--yes"]).await;
    aws.put_parameter(path, &value).await;
    let problem = "/local/platform/jobs-queue-arn has a wrong value: `*` is not the ARN of a queue";
    assert!(ended.code == Some(1) && ended.stderr.contains(problem), "{}", ended.stderr);
    assert!(other.code == Some(1) && other.stderr.contains("pass --allow-iam-widening"), "{}", other.stderr);
}

#[tokio::test]
async fn throttled_deployment_succeeds() {
    let (running, _turn) = turn().await;
    let release = craft(running, other_alarm(777)).await;
    let faults = Faults::new();
    let proxy = aws_proxy(&running.stack, &faults).await;
    // The first call of each operation is throttled.
    faults.begin(|call| if call.number_of_operation == 1 { Fate::Throttle } else { Fate::Forward });
    let mut deploy = command(running, &["deploy", "--release", &release, "--yes"]);
    deploy.env("AWS_ENDPOINT_URL", proxy.url());
    let ended = Run::start_command(deploy).end().await;
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert_eq!(deployed(running).await.release, release);
}

#[tokio::test]
async fn concurrent_deployment_is_rejected_with_the_holder_of_the_lock() {
    let (running, _turn) = turn().await;
    let faults = Faults::new();
    let proxy = aws_proxy(&running.stack, &faults).await;
    let release = craft(running, other_alarm(444)).await;
    faults.begin(|call| {
        if call.operation == "ExecuteChangeSet" { Fate::Stop(Moment::Before) } else { Fate::Forward }
    });
    let mut first = command(running, &["deploy", "--release", &release, "--yes"]);
    first.env("AWS_ENDPOINT_URL", proxy.url());
    let first = Run::start_command(first);
    within_limit("the first deployment executes its change set", faults.stopped()).await;
    let second = run(running, &["deploy", "--yes"]).await;
    assert_eq!(second.code, Some(1), "{}", second.stderr);
    assert_shows!(second.stderr);
    let status = run(running, &["status"]).await;
    assert!(status.stdout.contains("under way     deploy by arn:aws:"), "{}", status.stdout);
    faults.begin(|_| Fate::Forward);
    let first = first.end().await;
    assert_eq!(first.code, Some(0), "{}", first.stderr);
    assert_eq!(deployed(running).await.release, release);
}
