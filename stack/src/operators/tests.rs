mod reference;

use std::collections::BTreeSet;

use serde_json::Value as Json;

use super::limits::ACTIONS_WITHOUT_RESOURCE;
use super::{operator_parameters, operator_policies};
use crate::cloudformation::RESOURCE_TYPES;
use crate::environment::testing::{environment, environments};
use crate::snapshot::difference;
use crate::{Artifacts, Environment, Inputs, SigningKeys, StackError, render};

fn template(environment: &Environment) -> Json {
    let inputs = Inputs {
        environment,
        signing_keys: &SigningKeys::unknown(),
        artifacts: &Artifacts::unknown(environment),
    };
    render(&inputs).unwrap().to_value()
}

/// Returns the policies, with values for all platform parameters that they need.
fn policies_of(environment: &Environment) -> Result<Json, StackError> {
    let value = |id: &str| match id {
        "LogDestinationArn" => "arn:aws:logs:us-east-1:210987654321:destination:logs".to_owned(),
        role => format!("arn:aws:iam::123456789012:role/{role}"),
    };
    let needed = operator_parameters(environment).into_iter();
    let values = needed.map(|parameter| (parameter.id.clone(), value(&parameter.id)));
    operator_policies(environment, &values.collect())
}

fn statements(policy: &Json) -> impl Iterator<Item = &Json> {
    policy["Statement"].as_array().unwrap().iter()
}

fn texts(value: &Json) -> impl Iterator<Item = &str> {
    value.as_array().unwrap().iter().map(|text| text.as_str().unwrap())
}

fn policies_text(name: &str) -> String {
    format!("{:#}", policies_of(&environment(name)).unwrap())
}

#[test]
fn policies_of_dev() {
    insta::assert_snapshot!(policies_text("dev"));
}

#[test]
fn policies_of_other_environments() {
    let difference = |name| difference(("dev", &policies_text("dev")), (name, &policies_text(name)));
    insta::assert_snapshot!("policies_of_prod", difference("prod"));
    insta::assert_snapshot!("policies_of_local", difference("local"));
}

/// A type that no template has would grant permissions that are not needed.
#[test]
fn resource_types_are_those_of_the_templates() {
    let deployed: BTreeSet<String> = environments()
        .iter()
        .flat_map(|environment| {
            let template = template(environment);
            let resources = template["Resources"].as_object().unwrap().values();
            resources.map(|resource| resource["Type"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        })
        .collect();
    let known: BTreeSet<&str> = RESOURCE_TYPES.iter().map(|resource_type| resource_type.name).collect();
    assert_eq!(deployed.iter().map(String::as_str).collect::<BTreeSet<_>>(), known);
}

#[test]
fn actions_without_resource_are_those_of_the_list() {
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
fn review_policies_do_not_read_private_keys() {
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
fn ec2_is_named_only_with_a_network() {
    let asks = |name| policies_of(&environment(name)).unwrap().to_string().contains("ec2:");
    assert!(asks("dev") && !asks("local"));
}

#[test]
fn arns_contain_a_known_account() {
    let mut dev = environment("dev");
    dev.account = Some("123456789012".parse().unwrap());
    let policies = policies_of(&dev).unwrap().to_string();
    assert!(policies.contains("arn:aws:sqs:us-east-1:123456789012:dev-restore-package-queue-use1"));
    assert_eq!(policies.matches(":*:").count(), 0, "{policies}");
}

/// The partitions of GovCloud and China are not `aws`.
#[test]
fn arns_have_the_partition_of_the_region() {
    for (region, partition) in [
        ("us-east-1", "aws"),
        ("us-gov-west-1", "aws-us-gov"),
        ("cn-north-1", "aws-cn"),
        ("us-isob-east-1", "aws-iso-b"),
    ] {
        let mut dev = environment("dev");
        dev.region = region.parse().unwrap();
        let needed = operator_parameters(&dev).into_iter();
        let values = needed.map(|parameter| (parameter.id, "arn:aws:iam::1:role/passed".to_owned()));
        let policies = operator_policies(&dev, &values.collect()).unwrap();
        for statement in policies.as_object().unwrap().values().flat_map(statements) {
            for arn in texts(&statement["Resource"]).filter(|arn| *arn != "*" && !arn.ends_with("/passed")) {
                assert!(arn.starts_with(&format!("arn:{partition}:")), "{region}: {arn}");
            }
        }
        assert!(policies.to_string().contains(&format!("arn:{partition}:s3:::")));
    }
}

#[test]
fn policy_over_the_size_limit_is_rejected() {
    let mut dev = environment("dev");
    dev.storage_buckets = dev.storage_buckets.iter().cycle().take(200).cloned().collect();
    let error = policies_of(&dev).unwrap_err().to_string();
    assert!(error.contains("characters in a policy; the limit is 6144"), "{error}");
}

#[test]
fn passed_roles_are_named() {
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
                // CloudWatch Logs does not set the condition key.
                let condition = statement["Condition"]["StringEquals"]["iam:PassedToService"].as_str();
                assert_eq!(condition, (name == own).then_some("lambda.amazonaws.com"), "{role}");
            }
        }
    }
}

#[test]
fn role_from_the_parameter_store_is_a_needed_parameter() {
    let error = operator_policies(&environment("prod"), &std::collections::BTreeMap::new()).unwrap_err();
    let error = error.to_string();
    assert!(error.contains("/prod/platform/authorizer-invoke-role-arn"), "{error}");
    assert!(error.contains("/prod/platform/log-destination-role-arn"), "{error}");
    assert!(operator_parameters(&environment("local")).is_empty());
}

#[test]
fn roles_get_permissions_within_the_boundary_only() {
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
