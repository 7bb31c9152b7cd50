//! Reviewers only read.

use std::collections::BTreeSet;

use serde_json::Value as Json;

use super::{DEPLOYER, REVIEWER, allowed, policies};
use crate::testing::{environments, policies_of};

/// Prefixes of the names of actions that only read.
const READING: [&str; 9] =
    ["BatchDescribe", "BatchGet", "Describe", "Detect", "Filter", "GET", "Get", "List", "Simulate"];

/// Other actions of reviewers, with their reasons.
const EXCEPTIONS: [(&str, &str); 2] = [
    ("sqs:ChangeMessageVisibility", "`queue status` makes dead letters visible again"),
    ("sqs:ReceiveMessage", "`queue status` receives dead letters to show them"),
];

/// Actions of deployers that only read.
const ALSO_READING: [&str; 9] = [
    "cloudformation:DescribeChangeSet",
    "cloudformation:GetResourceRequestStatus",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSecurityGroups",
    "ec2:DescribeSubnets",
    "ec2:DescribeVpcs",
    "logs:DescribeResourcePolicies",
    "logs:GetLogDelivery",
    "logs:ListLogDeliveries",
];

fn actions(policy: &Json) -> impl Iterator<Item = &str> {
    let statements = policy["Statement"].as_array().unwrap().iter();
    statements.flat_map(|statement| statement["Action"].as_array().unwrap()).filter_map(Json::as_str)
}

/// Returns the actions of reviewers that change something.
fn changing(policies: &Json) -> Vec<&str> {
    let actions = REVIEWER.into_iter().flat_map(|name| actions(&policies[name]));
    let reads = |action: &&str| {
        let (_, verb) = action.split_once(':').unwrap();
        READING.iter().any(|read| verb.starts_with(read))
            || EXCEPTIONS.iter().any(|(exception, _)| exception == action)
    };
    actions.filter(|action| !reads(action)).collect()
}

#[test]
fn reviewers_only_read() {
    for policies in environments().iter().map(policies_of).chain([policies().clone()]) {
        assert_eq!(changing(&policies), [""; 0]);
    }
}

#[test]
fn reviewers_with_an_action_of_deployers_change_something() {
    let mut missed = BTreeSet::new();
    for name in DEPLOYER {
        for statement in policies()[name]["Statement"].as_array().unwrap() {
            for action in statement["Action"].as_array().unwrap() {
                let mut mutated = policies().clone();
                let mut added = statement.clone();
                added["Action"] = [action.clone()].as_slice().into();
                mutated["review"]["Statement"].as_array_mut().unwrap().push(added);
                if changing(&mutated).is_empty() && allowed(&mutated).is_empty() {
                    missed.insert(action.as_str().unwrap());
                }
            }
        }
    }
    assert_eq!(missed.into_iter().collect::<Vec<_>>(), ALSO_READING);
}
