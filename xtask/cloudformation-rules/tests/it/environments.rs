//! The templates of this repository pass, and changes of them are refused.

use std::collections::BTreeMap;

use cloudformation_rules::{ChangeSetRequest, ParameterValue, Rule, TemplateVersion};
use serde_json::{Value, json};

use super::support::{capabilities, check, check_with, request, schemas, template_of_dev, templates};

#[test]
fn templates_of_all_environments_pass() {
    for (name, template) in templates() {
        let violations: Vec<String> = check(template).iter().map(ToString::to_string).collect();
        assert_eq!(violations, [""; 0], "{name}");
    }
}

#[test]
fn templates_pass_with_the_contents_of_their_parameters() {
    let template = template_of_dev();
    let content = |name: &str| match name {
        "SubnetIds" => "subnet-0123456789abcdef0,subnet-0123456789abcdef1".to_owned(),
        "SecurityGroupIds" => "sg-0123456789abcdef0".to_owned(),
        name if name.ends_with("RoleArn") => "arn:aws:iam::123456789012:role/role".to_owned(),
        "LogDestinationArn" => "arn:aws:logs:us-east-1:123456789012:destination:logs".to_owned(),
        name if name.ends_with("FunctionArn") => {
            "arn:aws:lambda:us-east-1:123456789012:function:name".to_owned()
        }
        name if name.ends_with("Arn") => "arn:aws:sns:us-east-1:123456789012:topic".to_owned(),
        name => name.to_lowercase(),
    };
    let parameters: BTreeMap<String, ParameterValue> = template["Parameters"]
        .as_object()
        .unwrap()
        .iter()
        .map(|(name, declaration)| {
            let value = declaration["Default"].as_str().unwrap().to_owned();
            (name.clone(), ParameterValue { value, resolved: Some(content(name)) })
        })
        .collect();
    let violations: Vec<String> =
        check_with(&template.to_string(), &parameters).iter().map(ToString::to_string).collect();
    assert_eq!(violations, [""; 0]);
}

/// Returns the rules that the template of dev breaks with another value at a JSON pointer.
fn changed(pointer: &str, value: Value) -> Vec<Rule> {
    let mut template = template_of_dev();
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    template.pointer_mut(parent).unwrap()[key] = value;
    check(&template.to_string()).into_iter().map(|violation| violation.rule).collect()
}

#[test]
fn changes_of_the_template_are_refused() {
    let cases = [
        ("RestoreEventSourceMapping", "FunctionResponseTypes", json!(["Other"]), Rule::NotInEnumeration),
        ("RestoreEventSourceMapping", "ScalingConfig", json!({ "MaximumConcurrency": 1 }), Rule::NumberRange),
        ("RestoreDeadLetterQueue", "MessageRetentionPeriod", json!(59), Rule::NumberRange),
        ("RestoreQueue", "VisibilityTimeout", json!(899), Rule::VisibilityTimeout),
        ("RestoreFunction", "Timeout", json!(901), Rule::FunctionTimeout),
        ("RestoreFunction", "Runtime", json!("rust"), Rule::NotInEnumeration),
        ("RestoreFunction", "Role", Value::Null, Rule::WrongType),
        ("RestoreFunctionErrorsAlarm", "ExtendedStatistic", json!("p99"), Rule::PropertyCombination),
        ("AccessLogGroup", "RetentionInDays", json!(8), Rule::NotInEnumeration),
        ("AssetsBucket", "BucketName", json!("Assets"), Rule::PatternMismatch),
        ("AssetsBucket", "Arn", json!("arn:aws:s3:::assets"), Rule::ReadOnlyProperty),
        ("ApiStage", "RouteSettings", json!({ "GET /nothing": {} }), Rule::UnknownRoute),
        ("ApiFunctionRole", "Path", json!("no slash"), Rule::PatternMismatch),
        ("KeyGroup", "Name", json!("group"), Rule::UnknownProperty),
        ("KeyGroup", "KeyGroupConfig/Items", json!([]), Rule::KeyGroupWithoutKeys),
        ("ApiFunction", "Environment/Variables/AWS_REGION", json!("us-east-1"), Rule::ReservedVariable),
        ("Api", "Body/openapi", json!("3.1.0"), Rule::MalformedOpenApi),
        ("Api", "Body/paths/~1restore/post/security", json!([{ "other": [] }]), Rule::UnknownAuthorizer),
        (
            "Api",
            "Body/paths/~1restore/post/x-amazon-apigateway-integration/type",
            json!("aws"),
            Rule::UnsupportedIntegration,
        ),
        (
            "Distribution",
            "DistributionConfig/DefaultCacheBehavior/TargetOriginId",
            json!("other"),
            Rule::UnknownOrigin,
        ),
    ];
    for (id, property, value, rule) in cases {
        let rules = changed(&format!("/Resources/{id}/Properties/{property}"), value);
        assert!(rules.contains(&rule), "{id}.{property}: {rules:?}");
    }
}

#[test]
fn change_of_a_name_replaces_the_function_and_its_event_source_mapping_stays() {
    let (deployed, mut updated) = (template_of_dev(), template_of_dev());
    updated["Resources"]["RestoreFunction"]["Properties"]["FunctionName"] = "other".into();
    let none = BTreeMap::new();
    let version = |template| TemplateVersion { template, parameters: &none };
    let replaced = schemas().replacements(version(&deployed), version(&updated)).unwrap();
    assert_eq!(replaced.into_iter().collect::<Vec<_>>(), ["RestoreFunction"]);
}

#[test]
fn signing_key_is_not_changed_in_place() {
    let (deployed, mut updated) = (template_of_dev(), template_of_dev());
    let keys = updated["Resources"].as_object_mut().unwrap();
    let key = keys.values_mut().find(|entry| entry["Type"] == "AWS::CloudFront::PublicKey").unwrap();
    key["Properties"]["PublicKeyConfig"]["EncodedKey"] = "another key".into();
    let (text, none, capabilities) = (updated.to_string(), BTreeMap::new(), capabilities());
    let deployed = Some(TemplateVersion { template: &deployed, parameters: &none });
    let request = ChangeSetRequest { deployed, ..request(&text, &none, &capabilities) };
    let rules: Vec<Rule> =
        schemas().check(&request).unwrap().iter().map(|violation| violation.rule).collect();
    assert_eq!(rules, [Rule::PublicKeyChanged]);
}

#[test]
fn assets_bucket_that_exists_is_imported_but_its_policy_is_not() {
    let (text, none, capabilities) = (template_of_dev().to_string(), BTreeMap::new(), capabilities());
    let new = request(&text, &none, &capabilities);
    let rules = |request: &ChangeSetRequest<'_>| -> Vec<Rule> {
        schemas().check(request).unwrap().iter().map(|violation| violation.rule).collect()
    };
    let bucket_exists = |resource_type: &str, _: &str| resource_type == "AWS::S3::Bucket";
    let without_import = ChangeSetRequest { exists: &bucket_exists, ..new };
    assert_eq!(rules(&without_import), [Rule::NameConflict]);
    assert_eq!(rules(&ChangeSetRequest { import_existing: true, ..without_import }), []);
    let policy_exists = |resource_type: &str, _: &str| resource_type.starts_with("AWS::S3::Bucket");
    let with_policy = ChangeSetRequest { exists: &policy_exists, import_existing: true, ..new };
    assert_eq!(rules(&with_policy), [Rule::BucketPolicyConflict]);
}
