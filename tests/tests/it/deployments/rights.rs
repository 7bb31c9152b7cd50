//! The commands need exactly the actions that `render --policies` allows.

use std::collections::BTreeSet;

use faults::{Faults, Service};
use serde_json::Value;

use super::crafted::craft;
use super::{other_alarm, turn};
use crate::command::{Run, command};
use crate::stack::{Running, aws_proxy, xtask};

/// Returns the actions that policies of the local environment allow.
fn allowed(policies: &[&str]) -> BTreeSet<String> {
    let stdout = xtask().args(["render", "--policies", "--env", "local"]).output().unwrap().stdout;
    let documents: Value = serde_json::from_slice(&stdout).unwrap();
    let statements = policies.iter().flat_map(|name| documents[name]["Statement"].as_array().unwrap());
    let actions = statements.flat_map(|statement| statement["Action"].as_array().unwrap());
    actions.map(|action| action.as_str().unwrap().to_owned()).collect()
}

/// Returns the IAM actions of the calls of a command.
async fn taken(running: &'static Running, arguments: &[&str]) -> BTreeSet<String> {
    let faults = Faults::new();
    let proxy = aws_proxy(&running.stack, &faults).await;
    let mut command = command(running, arguments);
    command.env("AWS_ENDPOINT_URL", proxy.url());
    let ended = Run::start_command(command).end().await;
    assert!(matches!(ended.code, Some(0 | 3)), "{}", ended.stderr);
    faults.tallies(Service::Aws).into_keys().filter_map(|call| action_of(&call)).collect()
}

/// Returns the IAM action of a call; none where it needs no permission.
fn action_of(call: &str) -> Option<String> {
    let (service, action) = match call.split_once(' ') {
        None if call == "GetCallerIdentity" => return None,
        None if call.ends_with("Parameter") || call.ends_with("Parameters") => ("ssm", call),
        None => ("cloudformation", call),
        Some((method, path)) => {
            let place: Vec<&str> = path.trim_matches('/').splitn(3, '/').collect();
            match (method, place.as_slice()) {
                ("POST", ["service", _, operation]) => ("cloudwatch", operation.rsplit('/').next().unwrap()),
                ("GET", ["2020-05-31", "distribution", _]) => ("cloudfront", "GetDistribution"),
                ("GET", ["2020-05-31", "key-group", _]) => ("cloudfront", "GetKeyGroup"),
                ("GET", ["2020-05-31", "public-key", _]) => ("cloudfront", "GetPublicKey"),
                ("GET" | "HEAD", [_]) => ("s3", "ListBucket"),
                ("GET" | "HEAD", _) => ("s3", "GetObject"),
                ("PUT", [_, ..]) => ("s3", "PutObject"),
                ("DELETE", [_, ..]) => ("s3", "DeleteObject"),
                _ => panic!("{call} is an action that this test does not know"),
            }
        }
    };
    Some(format!("{service}:{action}"))
}

#[tokio::test]
async fn commands_need_no_more_than_the_operator_policies_allow() {
    let (running, _turn) = turn().await;
    let release = craft(running, other_alarm(666)).await;
    let review = allowed(&["review"]);
    for arguments in [
        vec!["diff", "--release", &release],
        vec!["status"],
        vec!["releases"],
        vec!["outputs"],
        vec!["keys", "status"],
        vec!["lock", "status"],
    ] {
        let taken = taken(running, &arguments).await;
        let is_one_call = ["outputs", "lock"].contains(&arguments[0]);
        assert!(taken.len() > usize::from(!is_one_call), "{arguments:?}: {taken:?}");
        let beyond: Vec<_> = taken.difference(&review).collect();
        assert_eq!(beyond, Vec::<&String>::new(), "{arguments:?}");
    }
    let both = allowed(&["review", "deployment"]);
    let taken = taken(running, &["deploy", "--release", &release, "--yes"]).await;
    assert!(taken.contains("cloudformation:ExecuteChangeSet") && taken.contains("s3:PutObject"), "{taken:?}");
    assert_eq!(taken.difference(&both).collect::<Vec<_>>(), Vec::<&String>::new());
}
