mod reference;

use std::collections::BTreeSet;

use serde_json::Value as Json;

use super::limits::ACTIONS_WITHOUT_RESOURCE;
use super::{operator_facts, operator_policies, resource_types};
use crate::environment::testing::{environment, environments};
use crate::{Artifacts, Environment, Inputs, SigningKeys, StackError, render};

fn template(environment: &Environment) -> Json {
    let inputs = Inputs {
        environment,
        signing_keys: &SigningKeys::unknown(),
        artifacts: &Artifacts::unknown(environment),
    };
    render(&inputs).unwrap().to_value()
}

/// The policies, with all facts that they name.
fn policies_of(environment: &Environment) -> Result<Json, StackError> {
    let value = |id: &str| match id {
        "LogDestinationArn" => "arn:aws:logs:us-east-1:210987654321:destination:logs".to_owned(),
        role => format!("arn:aws:iam::123456789012:role/{role}"),
    };
    let facts = operator_facts(environment).into_iter().map(|fact| (fact.id.clone(), value(&fact.id)));
    operator_policies(environment, &facts.collect())
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
        let policies = policies_of(&environment(name)).unwrap();
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
    let policies = policies_of(&environment("dev")).unwrap();
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
        let policies = policies_of(&environment).unwrap();
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
    let policies = policies_of(&environment("prod")).unwrap();
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
    let asks = |name| policies_of(&environment(name)).unwrap().to_string().contains("ec2:");
    assert!(asks("dev") && !asks("local"));
}

#[test]
fn an_account_that_is_known_is_named() {
    let mut dev = environment("dev");
    dev.account = Some("123456789012".parse().unwrap());
    let policies = policies_of(&dev).unwrap().to_string();
    assert!(policies.contains("arn:aws:sqs:us-east-1:123456789012:dev-restore-package-queue-use1"));
    assert_eq!(policies.matches(":*:").count(), 0, "{policies}");
}

#[test]
fn a_policy_that_iam_does_not_take_is_refused() {
    let mut dev = environment("dev");
    dev.storage_buckets = dev.storage_buckets.iter().cycle().take(200).cloned().collect();
    let error = policies_of(&dev).unwrap_err().to_string();
    assert!(error.contains("characters in a policy, where 6144 is the limit"), "{error}");
}

#[test]
fn roles_to_be_passed_are_named() {
    for environment in environments() {
        let policies = policies_of(&environment).unwrap();
        for statement in policies.as_object().unwrap().values().flat_map(statements) {
            if !texts(&statement["Action"]).any(|action| action == "iam:PassRole") {
                continue;
            }
            for role in texts(&statement["Resource"]) {
                let name = role.split_once(":role/").unwrap().1;
                let own = format!("{}-*", crate::stack_name(&environment));
                assert!(name == own || !name.contains('*'), "{role}");
                // CloudWatch Logs does not say for whom a role is.
                let condition = statement["Condition"]["StringEquals"]["iam:PassedToService"].as_str();
                assert_eq!(condition, (name == own).then_some("lambda.amazonaws.com"), "{role}");
            }
        }
    }
}

#[test]
fn a_role_that_only_the_parameter_store_knows_is_asked_for() {
    let error = operator_policies(&environment("prod"), &std::collections::BTreeMap::new()).unwrap_err();
    let error = error.to_string();
    assert!(error.contains("/prod/platform/authorizer-invoke-role-arn"), "{error}");
    assert!(error.contains("/prod/platform/log-destination-role-arn"), "{error}");
    assert!(operator_facts(&environment("local")).is_empty());
}

#[test]
fn rights_are_given_within_the_boundary_only() {
    let boundary = "arn:aws:iam::123456789012:policy/boundary";
    let giving =
        ["iam:AttachRolePolicy", "iam:CreateRole", "iam:PutRolePermissionsBoundary", "iam:PutRolePolicy"];
    for mut environment in environments() {
        let unbounded = policies_of(&environment).unwrap().to_string();
        assert!(!unbounded.contains("iam:PermissionsBoundary"), "{unbounded}");

        environment.permissions_boundary = Some(boundary.parse().unwrap());
        let policies = policies_of(&environment).unwrap();
        let mut found = 0;
        for statement in policies.as_object().unwrap().values().flat_map(statements) {
            let actions: Vec<&str> = texts(&statement["Action"]).collect();
            assert!(!actions.contains(&"iam:DeleteRolePermissionsBoundary"));
            if actions.iter().any(|action| giving.contains(action)) {
                found += 1;
                let condition = &statement["Condition"]["StringEquals"]["iam:PermissionsBoundary"];
                assert_eq!(condition, boundary, "{actions:?}");
            }
        }
        assert_eq!(found, 2);
        let template = template(&environment);
        let resources = template["Resources"].as_object().unwrap().values();
        for role in resources.filter(|resource| resource["Type"] == "AWS::IAM::Role") {
            assert_eq!(role["Properties"]["PermissionsBoundary"], boundary);
        }
    }
}
