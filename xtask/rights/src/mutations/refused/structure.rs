//! Mutations of sections, references and parameters: the request is rejected.

use cloudformation_rules::Rule;
use serde_json::{Map, Value as Json, json};

use super::super::edit::Edit::{Remove, Set};
use super::Mutation;

pub(super) fn mutations() -> Vec<Mutation<Rule>> {
    use Rule::*;
    let attribute = |reference: Json| {
        Set("RestoreQueue/RedrivePolicy/deadLetterTargetArn", json!({ "Fn::GetAtt": reference }))
    };
    let queue = json!({ "Type": "AWS::SQS::Queue" });
    let text = json!({ "Type": "String", "Default": "" });
    let output = json!({ "Value": "" });
    let padding = "x".repeat(1_048_576);
    vec![
        ("section with a misspelled name", Set("/Params", json!({})), UnknownSection),
        (
            "format version that does not exist",
            Set("/AWSTemplateFormatVersion", json!("2026-01-01")),
            FormatVersion,
        ),
        ("long description", Set("/Description", json!("x".repeat(1025))), DescriptionTooLong),
        ("template without resources", Set("/Resources", json!({})), NoResources),
        ("template of more than a megabyte", Set("/Metadata/Padding", json!(padding)), TemplateTooLarge),
        ("501 resources", Set("/Resources", many(501, &queue)), TooManyResources),
        ("201 parameters", Set("/Parameters", many(201, &text)), TooManyParameters),
        ("201 outputs", Set("/Outputs", many(201, &output)), TooManyOutputs),
        ("logical id with a hyphen", Set("/Resources/Restore-Queue", queue), MalformedLogicalId),
        ("misspelled DependsOn", Set("/Resources/ApiStage/DependOn", json!([])), UnknownResourceAttribute),
        ("resource that is a text", Set("/Resources/Note", json!("text")), EntryNotAnObject),
        ("resource without a type", Remove("/Resources/RestoreQueue/Type"), MissingResourceType),
        (
            "type that does not exist",
            Set("/Resources/RestoreQueue/Type", json!("AWS::SQS::Topic")),
            UnknownResourceType,
        ),
        (
            "unknown deletion policy",
            Set("/Resources/AssetsBucket/DeletionPolicy", json!("Keep")),
            UnknownPolicy,
        ),
        ("output without a value", Remove("/Outputs/ApiId/Value"), OutputWithoutValue),
        ("transform that does not exist", Set("/Transform", json!("AWS::Serverless")), UnknownTransform),
        (
            "reference to a resource that does not exist",
            Set("RestoreEventSourceMapping/FunctionName", json!({ "Ref": "Missing" })),
            UnresolvedDependency,
        ),
        ("removed parameter", Remove("/Parameters/JobsQueueArn"), UnresolvedDependency),
        ("removed function", Remove("/Resources/ApiFunction"), UnresolvedDependency),
        (
            "condition that does not exist",
            Set("/Resources/Dashboard/Condition", json!("IsProd")),
            UnresolvedCondition,
        ),
        ("attribute of a missing resource", attribute(json!(["Missing", "Arn"])), UndefinedResource),
        (
            "attribute that a queue does not have",
            attribute(json!(["RestoreQueue", "Name"])),
            UnsupportedAttribute,
        ),
        ("GetAtt without an attribute", attribute(json!(["RestoreQueue"])), MalformedAttribute),
        ("unknown function", Set("RestoreQueue/QueueName", json!({ "Fn::Concat": [] })), UnknownFunction),
        (
            "permission that waits for the stage that waits for it",
            Set("/Resources/ApiFunctionPermission/DependsOn", json!(["ApiStage"])),
            CircularDependency,
        ),
        ("omitted value of a parameter", Remove("/Parameters/JobsQueueArn/Default"), MissingParameter),
        (
            "unknown type of a Systems Manager parameter",
            Set("/Parameters/JobsQueueArn/Type", json!("AWS::SSM::Parameter::Value<Text>")),
            UnknownParameterType,
        ),
        (
            "pattern that the value of a parameter does not match",
            Set("/Parameters/JobsQueueArn/AllowedPattern", json!("[0-9]+")),
            ParameterConstraint,
        ),
    ]
}

/// Returns an object with many equal members.
fn many(count: usize, value: &Json) -> Json {
    let members = (0..count).map(|index| (format!("Member{index}"), value.clone()));
    Json::Object(members.collect::<Map<_, _>>())
}
