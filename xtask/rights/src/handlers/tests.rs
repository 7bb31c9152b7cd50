//! What CloudFormation needs for the resources of our templates, compared with what operators hold.

use std::collections::BTreeSet;
use std::path::PathBuf;

use machine::tools::CFN_LINT;
use machine::{Progress, Step, repository};
use serde_json::json;
use stack::{Environment, SigningKeys};

use super::*;
use crate::identity::{Operator, Principal};
use crate::policies::{OperatorPolicies, Policies};

/// Actions of the policies that no handler of our resources needs. Each has its reason.
const NEEDED_BY_NO_HANDLER: [(&str, &str); 4] = {
    // https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-logging.html
    const ACCESS_LOG: &str = "API Gateway needs it of whoever turns on the access log of a stage";
    [
        ("logs:DeleteLogDelivery", ACCESS_LOG),
        ("logs:GetLogDelivery", ACCESS_LOG),
        ("logs:ListLogDeliveries", ACCESS_LOG),
        ("logs:UpdateLogDelivery", ACCESS_LOG),
    ]
};

struct Quiet;

impl Progress for Quiet {
    fn note(&self, _: &str) {}

    fn begin(&self, _: &str) -> Box<dyn Step> {
        panic!("a test shows nothing")
    }
}

fn schemas() -> ProviderSchemas {
    let directory: PathBuf = CFN_LINT.directory("cfnlint/data/schemas", &Quiet).unwrap();
    ProviderSchemas::load(&directory, "us-east-1").unwrap()
}

fn environments() -> Vec<Environment> {
    let names = ["dev", "local", "prod"];
    let read = |name: &str| {
        let text =
            std::fs::read_to_string(repository::root().join(format!("stack/environments/{name}.toml")));
        Environment::parse(&name.parse().unwrap(), &text.unwrap()).unwrap()
    };
    names.map(read).into()
}

/// The value of a platform parameter.
fn value_of(id: &str) -> String {
    match id {
        "LogDestinationArn" => "arn:aws:logs:us-east-1:000000000000:destination:logs".to_owned(),
        id if id.ends_with("RoleArn") => format!("arn:aws:iam::000000000000:role/{id}"),
        id => format!("value-of-{id}"),
    }
}

fn policies_of(environment: &Environment) -> Json {
    let needed = stack::operator_parameters(environment);
    let values = needed.iter().map(|parameter| (parameter.id.clone(), value_of(&parameter.id))).collect();
    stack::operator_policies(environment, &values).unwrap()
}

/// Replaces references by values.
fn resolved(value: &Json, template: &Json, stack: &str) -> Json {
    match value {
        Json::Object(object) => {
            if let Some(id) = object.get("Ref").and_then(Json::as_str) {
                let properties = &template["Resources"][id]["Properties"];
                let mut names = ["BucketName", "FunctionName", "LogGroupName", "QueueName"].into_iter();
                let name = names.find_map(|name| properties[name].as_str());
                let is_parameter = template["Parameters"].get(id).is_some();
                return json!(if is_parameter { value_of(id) } else { name.unwrap_or(id).to_owned() });
            }
            if let Some(reference) = object.get("Fn::GetAtt") {
                let id = reference[0].as_str().unwrap();
                return match template["Resources"][id]["Type"].as_str().unwrap() {
                    "AWS::IAM::Role" => json!(format!("arn:aws:iam::000000000000:role/{stack}-{id}-ABC")),
                    "AWS::Lambda::Function" => {
                        template["Resources"][id]["Properties"]["FunctionName"].clone()
                    }
                    _ => json!(id),
                };
            }
            let resolve = |(name, value): (&String, &Json)| (name.clone(), resolved(value, template, stack));
            Json::Object(object.iter().map(resolve).collect())
        }
        Json::Array(items) => items.iter().map(|item| resolved(item, template, stack)).collect(),
        other => other.clone(),
    }
}

/// Returns what CloudFormation does when an environment is created, changed, read and destroyed.
fn changes(environment: &Environment) -> Vec<ResourceChange> {
    let template = stack::preview_with(environment, &SigningKeys::unknown()).unwrap().to_value();
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
                identifier: (operation != Operation::Create).then_some(identifier),
                region: environment.region.to_string(),
            });
        }
    }
    changes
}

/// Returns the policies that a deployer holds, without an action.
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
    let now = "2026-11-28T12:00:00Z".parse().unwrap();
    required
        .into_iter()
        .filter_map(|access| policies.decide(operators, Some(&deployer), access, now).err())
        .map(|refusal| refusal.to_string())
        .collect()
}

fn required(environment: &Environment, schemas: &ProviderSchemas) -> Vec<Access> {
    let mut required = Vec::new();
    for access in changes(environment).iter().flat_map(|change| change.required(schemas).unwrap()) {
        if !required.contains(&access) {
            required.push(access);
        }
    }
    required
}

#[test]
fn deployer_may_do_what_the_handlers_of_our_resources_need() {
    let schemas = schemas();
    for environment in environments() {
        let deployer = deployer_without(&policies_of(&environment), "");
        let refused = refusals(&required(&environment, &schemas), &deployer);
        assert!(refused.is_empty(), "{}: {refused:#?}", environment.name);
    }
}

/// A right that nothing needs is a right too many, and one whose absence nothing notices is not tested.
#[test]
fn each_action_on_resources_is_needed_by_a_handler() {
    let schemas = schemas();
    let mut unneeded = BTreeSet::new();
    let mut needed_somewhere = BTreeSet::new();
    for environment in environments() {
        let policies = policies_of(&environment);
        let required = required(&environment, &schemas);
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
