//! What CloudFormation needs for the resources of our templates, compared with what operators hold.

use std::collections::BTreeSet;

use stack::Environment;

use super::*;
use crate::identity::{Operator, Principal};
use crate::policies::{OperatorPolicies, Policies};
use crate::testing::{
    NOW, environment_with_boundary, environments, policies_of, resolved, schemas, template_of,
};

/// Actions of the policies that no handler of our resources needs, each with a reason.
const NEEDED_BY_NO_HANDLER: [(&str, &str); 4] = {
    // https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-logging.html
    const ACCESS_LOG: &str = "API Gateway requires it to turn on the access log of a stage";
    [
        ("logs:DeleteLogDelivery", ACCESS_LOG),
        ("logs:GetLogDelivery", ACCESS_LOG),
        ("logs:ListLogDeliveries", ACCESS_LOG),
        ("logs:UpdateLogDelivery", ACCESS_LOG),
    ]
};

/// Returns what CloudFormation does when an environment is created, changed, read and destroyed.
fn changes(environment: &Environment) -> Vec<ResourceChange> {
    let template = template_of(environment);
    let stack = stack::stack_name(environment);
    let mut changes = Vec::new();
    for (id, resource) in template["Resources"].as_object().unwrap() {
        for operation in [Operation::Create, Operation::Read, Operation::Update, Operation::Delete] {
            let identifier = format!("{stack}-{id}-ABC");
            changes.push(ResourceChange {
                stack: stack.clone(),
                logical_id: id.clone(),
                resource_type: resource["Type"].as_str().unwrap().to_owned(),
                operation,
                properties: resolved(&resource["Properties"], &template, &stack),
                previous: Json::Null,
                identifier: (operation != Operation::Create).then_some(identifier),
                region: environment.region.to_string(),
            });
        }
    }
    changes
}

/// Returns the policies of a deployer without one action.
fn deployer_without(policies: &Json, action: &str) -> OperatorPolicies {
    let without = |policy: &Json| {
        let mut policy = policy.clone();
        for statement in policy["Statement"].as_array_mut().unwrap() {
            statement["Action"].as_array_mut().unwrap().retain(|known| known != action);
        }
        policy
    };
    let documents: Vec<Json> = policies.as_object().unwrap().values().map(without).collect();
    OperatorPolicies::new([], &documents)
}

fn refusals<'a>(
    required: impl IntoIterator<Item = &'a Access>,
    operators: &OperatorPolicies,
) -> BTreeSet<String> {
    let (policies, deployer) = (Policies::default(), Principal::Operator(Operator::Deployer));
    let now = NOW.parse().unwrap();
    required
        .into_iter()
        .filter_map(|access| policies.decide(operators, Some(&deployer), access, now).err())
        .map(|refusal| refusal.to_string())
        .collect()
}

fn required(environment: &Environment) -> Vec<Access> {
    let mut required = Vec::new();
    for access in changes(environment).iter().flat_map(|change| change.required(schemas()).unwrap()) {
        if !required.contains(&access) {
            required.push(access);
        }
    }
    required
}

#[test]
fn replaced_resource_needs_what_a_new_one_needs() {
    let update = |name: &str| {
        let change: ResourceChange = serde_json::from_value(serde_json::json!({
            "stack": "stack", "logical_id": "Queue", "type": "AWS::SQS::Queue", "operation": "update",
            "properties": { "QueueName": name, "VisibilityTimeout": 2 },
            "previous": { "QueueName": "queue", "VisibilityTimeout": 1 },
            "identifier": "http://localhost/000000000000/queue", "region": "us-east-1",
        }))
        .unwrap();
        change.required(schemas()).unwrap()
    };
    let create =
        |name: &str| Access::new("sqs:CreateQueue", format!("arn:aws:sqs:us-east-1:000000000000:{name}"));
    assert!(update("other").contains(&create("other")));
    assert!(!update("queue").contains(&create("queue")));
}

/// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/permissions-reference-cw.html>
#[test]
fn composite_alarm_needs_permissions_for_all_alarms() {
    let resource_of = |action: &str, kind: &str, operation: &str| {
        let change: ResourceChange = serde_json::from_value(serde_json::json!({
            "stack": "stack", "logical_id": "Alarm", "type": format!("AWS::CloudWatch::{kind}"),
            "operation": operation, "properties": { "AlarmName": "stack-alarm" },
            "identifier": "stack-alarm", "region": "us-east-1",
        }))
        .unwrap();
        let required = change.required(schemas()).unwrap();
        let access = required.into_iter().find(|access| access.action == format!("cloudwatch:{action}"));
        access.unwrap().resource.rsplit_once(':').unwrap().1.to_owned()
    };
    assert_eq!(resource_of("PutCompositeAlarm", "CompositeAlarm", "update"), "*");
    assert_eq!(resource_of("DeleteAlarms", "CompositeAlarm", "delete"), "*");
    assert_eq!(resource_of("TagResource", "CompositeAlarm", "update"), "stack-alarm");
    assert_eq!(resource_of("PutMetricAlarm", "Alarm", "update"), "stack-alarm");
    assert_eq!(resource_of("DeleteAlarms", "Alarm", "delete"), "stack-alarm");
}

#[test]
fn deployer_may_do_what_the_handlers_of_our_resources_need() {
    for environment in environments().into_iter().chain([environment_with_boundary()]) {
        let deployer = deployer_without(&policies_of(&environment), "");
        let refused = refusals(&required(&environment), &deployer);
        assert!(refused.is_empty(), "{}: {refused:#?}", environment.name);
    }
}

/// Fails for a right that nothing needs, and for one that can be removed unnoticed.
#[test]
fn each_action_on_resources_is_needed_by_a_handler() {
    let mut unneeded = BTreeSet::new();
    let mut needed_somewhere = BTreeSet::new();
    for environment in environments().into_iter().chain([environment_with_boundary()]) {
        let policies = policies_of(&environment);
        let required = required(&environment);
        let names = ["review-resources", "deployment-resources", "deployment-roles"];
        let statements = names.into_iter().flat_map(|name| policies[name]["Statement"].as_array().unwrap());
        let held = statements.flat_map(|statement| statement["Action"].as_array().unwrap());
        let held: BTreeSet<&str> = held.filter_map(Json::as_str).collect();
        for action in held {
            let of_action: Vec<&Access> = required.iter().filter(|access| access.action == action).collect();
            if of_action.is_empty() {
                unneeded.insert(action.to_owned());
                continue;
            }
            needed_somewhere.insert(action.to_owned());
            let refused = refusals(of_action, &deployer_without(&policies, action));
            assert!(!refused.is_empty(), "{}: nothing misses {action}", environment.name);
        }
    }
    let unneeded: Vec<&str> = unneeded.difference(&needed_somewhere).map(String::as_str).collect();
    assert_eq!(unneeded, NEEDED_BY_NO_HANDLER.map(|(action, _)| action));
}
