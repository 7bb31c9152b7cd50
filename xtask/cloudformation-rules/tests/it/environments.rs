//! The templates of this repository pass. Mutations that AWS rejects are in the crate `rights`.

use std::collections::BTreeMap;

use cloudformation_rules::{ChangeSetRequest, ParameterValue, Rule, TemplateVersion};

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
