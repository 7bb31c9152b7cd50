use std::collections::BTreeSet;

use serde_json::Value as Json;

use super::limits::ACTIONS_WITHOUT_RESOURCE;
use super::{operator_policies, resource_types};
use crate::environment::testing::{environment, environments};
use crate::{Artifacts, Environment, Inputs, SigningKeys, render};

fn template(environment: &Environment) -> Json {
    let inputs = Inputs {
        environment,
        signing_keys: &SigningKeys::unknown(),
        artifacts: &Artifacts::unknown(environment),
    };
    render(&inputs).unwrap().to_value()
}

fn statements(policy: &Json) -> impl Iterator<Item = &Json> {
    policy["Statement"].as_array().unwrap().iter()
}

fn reviews(policies: &Json) -> impl Iterator<Item = &Json> {
    statements(&policies["review"]).chain(statements(&policies["review-resources"]))
}

fn texts(value: &Json) -> impl Iterator<Item = &str> {
    value.as_array().unwrap().iter().map(|text| text.as_str().unwrap())
}

#[test]
fn policies() {
    for name in ["dev", "prod"] {
        let policies = operator_policies(&environment(name)).unwrap();
        insta::assert_snapshot!(name, format!("{policies:#}"));
    }
}

/// A type without a row could be deployed by nobody; a row without a type gives rights that nobody needs.
#[test]
fn the_resource_types_are_those_of_the_templates() {
    let deployed: BTreeSet<String> = environments()
        .iter()
        .flat_map(|environment| {
            let template = template(environment);
            let resources = template["Resources"].as_object().unwrap().values();
            resources.map(|resource| resource["Type"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        })
        .collect();
    let known: Vec<&str> = resource_types::ALL.iter().map(|resource_type| resource_type.name).collect();
    assert_eq!(deployed.iter().map(String::as_str).collect::<Vec<_>>(), known);
}

#[test]
fn an_action_may_be_allowed_on_everything_only_where_it_is() {
    let policies = operator_policies(&environment("dev")).unwrap();
    let used: BTreeSet<&str> = policies
        .as_object()
        .unwrap()
        .values()
        .flat_map(statements)
        .filter(|statement| texts(&statement["Resource"]).any(|resource| resource == "*"))
        .flat_map(|statement| texts(&statement["Action"]))
        .collect();
    assert_eq!(used.into_iter().collect::<Vec<_>>(), ACTIONS_WITHOUT_RESOURCE);
}

#[test]
fn a_review_changes_nothing() {
    // A dead letter is hidden while it is looked at, and shown again.
    let harmless = ["sqs:ChangeMessageVisibility", "sqs:ReceiveMessage"];
    for environment in environments() {
        let policies = operator_policies(&environment).unwrap();
        for action in reviews(&policies).flat_map(|statement| texts(&statement["Action"])) {
            let (_, verb) = action.split_once(':').unwrap();
            let reads = ["BatchDescribe", "Describe", "Detect", "Filter", "GET", "Get", "List"];
            assert!(
                reads.iter().any(|read| verb.starts_with(read)) || harmless.contains(&action),
                "{action}"
            );
        }
    }
}

#[test]
fn a_review_reads_no_private_key() {
    let policies = operator_policies(&environment("prod")).unwrap();
    let private = "arn:aws:ssm:us-east-1:*:parameter/prod/packages-service/cloudfront/private-key/0";
    let reaches = |policy: &Json| {
        let resources = statements(policy).flat_map(|statement| texts(&statement["Resource"]));
        let mut beginnings = resources.filter_map(|resource| resource.strip_suffix('*'));
        beginnings.any(|beginning| !beginning.is_empty() && private.starts_with(beginning))
    };
    assert!(!reaches(&policies["review"]) && !reaches(&policies["review-resources"]));
    assert!(reaches(&policies["deployment"]));
}

#[test]
fn without_a_network_nothing_is_asked_of_ec2() {
    let policies = operator_policies(&environment("local")).unwrap();
    assert!(!policies.to_string().contains("ec2:"));
}

#[test]
fn an_account_that_is_known_is_named() {
    let mut dev = environment("dev");
    dev.account = Some("123456789012".parse().unwrap());
    let policies = operator_policies(&dev).unwrap().to_string();
    assert!(policies.contains("arn:aws:sqs:us-east-1:123456789012:dev-restore-package-queue-use1"));
    // A log destination may belong to another account.
    assert_eq!(policies.matches(":*:").count(), 1, "{policies}");
}

#[test]
fn a_policy_that_iam_does_not_take_is_refused() {
    let mut dev = environment("dev");
    dev.storage_buckets = dev.storage_buckets.iter().cycle().take(200).cloned().collect();
    let error = operator_policies(&dev).unwrap_err().to_string();
    assert!(error.contains("characters in a policy, where 6144 is the limit"), "{error}");
}
