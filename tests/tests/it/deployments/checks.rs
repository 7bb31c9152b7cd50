//! `doctor --env` finds what an environment lacks before anything is deployed.

use faults::{Fate, Faults};

use super::{run, turn};
use crate::aws::Aws;
use crate::command::{Run, command};
use crate::stack::aws_proxy;

#[tokio::test]
async fn checks_of_a_deployed_environment_pass() {
    let (running, _turn) = turn().await;
    let ended = run(running, &["doctor"]).await;
    assert_eq!(ended.code, Some(0), "{}{}", ended.stdout, ended.stderr);
    let subjects = ["account", "artifact bucket", "platform parameters", "names", "quotas"];
    let policies = ["deployment", "review"].map(|name| format!("rights: {name}"));
    for subject in subjects.into_iter().chain(policies.iter().map(String::as_str)) {
        assert!(ended.stdout.contains(&format!("✓ {subject:<30}")), "{subject}: {}", ended.stdout);
    }
    // These have conditions on what a request contains.
    for policy in ["deployment-resources", "deployment-roles", "review-resources"] {
        let name = format!("? {:<30}", format!("rights: {policy}"));
        assert!(ended.stdout.contains(&name), "{policy}: {}", ended.stdout);
    }
    assert_eq!(ended.stdout.lines().count(), 10, "{}", ended.stdout);
}

#[tokio::test]
async fn missing_parameter_fails_with_the_command_that_creates_it() {
    let (running, _turn) = turn().await;
    let aws = Aws::for_stack(&running.stack);
    let path = "/local/platform/jobs-queue-arn";
    let value = aws.take_parameter(path).await;
    let ended = run(running, &["doctor"]).await;
    aws.put_parameter(path, &value).await;
    assert_eq!(ended.code, Some(1), "{}{}", ended.stdout, ended.stderr);
    let line = format!("✗ {:<30}{path}", "platform parameter");
    assert!(
        ended.stdout.contains(&line) && ended.stdout.contains("aws ssm put-parameter"),
        "{}",
        ended.stdout
    );
    assert!(ended.stdout.contains("? names") && ended.stderr.contains("1 of 6 checks failed"), "{ended:?}");
}

#[tokio::test]
async fn checks_change_nothing() {
    let (running, _turn) = turn().await;
    let faults = Faults::new();
    let proxy = aws_proxy(&running.stack, &faults).await;
    faults.begin(|_| Fate::Forward);
    let mut doctor = command(running, &["doctor"]);
    doctor.env("AWS_ENDPOINT_URL", proxy.url());
    Run::start_command(doctor).end().await.success();
    let tallies = faults.tallies(faults::Service::Aws);
    let calls: Vec<&String> = tallies.keys().collect();
    let reads = [
        "Get",
        "Describe",
        "List",
        "SimulatePrincipalPolicy",
        "GET ",
        "HEAD ",
        "POST /service/GraniteServiceVersion20100801",
    ];
    let others: Vec<_> =
        calls.iter().filter(|call| !reads.iter().any(|read| call.starts_with(read))).collect();
    assert!(calls.len() > 3 && others.is_empty(), "{others:?} of {calls:?}");
}
