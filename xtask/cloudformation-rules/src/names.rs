//! Custom names: each exists once, and a resource that has one cannot be replaced.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::check::Context;
use crate::error::SchemaError;
use crate::intrinsics::{is_unknown, referenced_resource};
use crate::rule::Rule;
use crate::template::{Resource, Template};
use crate::violation::Violation;

/// The property that is the custom name of a type, as a JSON pointer.
const NAMES: &[(&str, &str)] = &[
    ("AWS::CloudFront::CachePolicy", "/CachePolicyConfig/Name"),
    ("AWS::CloudFront::KeyGroup", "/KeyGroupConfig/Name"),
    ("AWS::CloudFront::OriginAccessControl", "/OriginAccessControlConfig/Name"),
    ("AWS::CloudFront::PublicKey", "/PublicKeyConfig/Name"),
    ("AWS::CloudFront::ResponseHeadersPolicy", "/ResponseHeadersPolicyConfig/Name"),
    ("AWS::CloudWatch::Alarm", "/AlarmName"),
    ("AWS::CloudWatch::CompositeAlarm", "/AlarmName"),
    ("AWS::CloudWatch::Dashboard", "/DashboardName"),
    ("AWS::DynamoDB::Table", "/TableName"),
    ("AWS::IAM::ManagedPolicy", "/ManagedPolicyName"),
    ("AWS::IAM::Role", "/RoleName"),
    ("AWS::Lambda::Function", "/FunctionName"),
    ("AWS::Logs::LogGroup", "/LogGroupName"),
    ("AWS::S3::Bucket", "/BucketName"),
    ("AWS::S3::BucketPolicy", "/Bucket"),
    ("AWS::SNS::Topic", "/TopicName"),
    ("AWS::SQS::Queue", "/QueueName"),
    ("AWS::SSM::Parameter", "/Name"),
];

const BUCKET_POLICY: &str = "AWS::S3::BucketPolicy";

/// A resource with a custom name.
struct Named<'a> {
    id: &'a str,
    resource_type: &'a str,
    pointer: &'static str,
    name: &'a str,
}

/// Returns which custom names conflict.
pub(crate) fn check(context: &Context<'_>) -> Result<Vec<Violation>, SchemaError> {
    let deployed = context.deployed.map(named).unwrap_or_default();
    let replaced = context.replaced()?;
    let mut first_with_name: BTreeMap<(&str, &str), &str> = BTreeMap::new();
    let mut violations = Vec::new();
    for (id, named) in named(context.template) {
        if let Some(first) = first_with_name.insert((named.resource_type, named.name), id) {
            let message = format!("{} already exists (resource {first} of this template)", named.name);
            violations.push(named.violation(Rule::DuplicateName, message));
            continue;
        }
        let keeps_name = deployed.get(id).is_some_and(|before| before.name == named.name);
        if keeps_name {
            violations.extend(replacement(&named, &replaced));
        } else if (context.request.exists)(named.resource_type, named.name) {
            violations.extend(conflict(&named, context)?);
        }
    }
    Ok(violations)
}

fn replacement(named: &Named<'_>, replaced: &BTreeSet<&str>) -> Option<Violation> {
    let message = format!(
        "CloudFormation cannot update a stack when a custom-named resource requires replacing. Rename {} and update \
         the stack again.",
        named.name
    );
    replaced.contains(named.id).then(|| named.violation(Rule::NamedReplacement, message))
}

/// Returns why a resource with an existing name cannot be created; none if the existing one can be imported.
///
/// `ImportExistingResources` imports only what is identified by its custom name, and this must be in the template itself:
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/import-resources-automatically.html>
fn conflict(named: &Named<'_>, context: &Context<'_>) -> Result<Option<Violation>, SchemaError> {
    let Named { resource_type, name, .. } = named;
    let schema = context.schemas.schema(resource_type)?;
    let is_identified = schema.is_some_and(|schema| schema.is_identified_by(named.pointer));
    let resource = context.template.resources.get(named.id);
    let is_static = resource
        .and_then(|resource| resource.unresolved?.pointer(named.pointer))
        .is_some_and(Value::is_string);
    if context.request.import_existing && is_identified && is_static {
        let property = named.pointer.trim_start_matches('/');
        let message = format!(
            "CloudFormation is attempting to import some resources because they already exist in your account. The \
             resources must have the DeletionPolicy attribute set to 'Retain' or 'RetainExceptOnCreate' in the template \
             for successful import. The affected resources are {} ({{{property}={name}}})",
            named.id
        );
        let is_retained = resource.is_some_and(Resource::is_retained);
        return Ok((!is_retained).then(|| named.violation(Rule::ImportWithoutRetention, message)));
    }
    let (rule, message) = if *resource_type == BUCKET_POLICY {
        (Rule::BucketPolicyConflict, format!("The bucket policy already exists on bucket {name}."))
    } else if is_identified {
        let message = format!("Resource of type '{resource_type}' with identifier '{name}' already exists.");
        (Rule::NameConflict, message)
    } else {
        (Rule::NameTaken, format!("{name} already exists"))
    };
    Ok(Some(named.violation(rule, message)))
}

fn named<'a>(template: &'a Template<'_>) -> BTreeMap<&'a str, Named<'a>> {
    template
        .resources
        .iter()
        .filter_map(|(id, resource)| {
            let (_, pointer) = NAMES.iter().find(|(name, _)| *name == resource.type_name)?;
            let name = name(template, resource.properties.pointer(pointer)?)?;
            Some((*id, Named { id, resource_type: resource.type_name, pointer, name }))
        })
        .collect()
}

/// Returns a custom name. A reference to a resource stands for the custom name of that resource.
fn name<'a>(template: &'a Template<'_>, value: &'a Value) -> Option<&'a str> {
    if !is_unknown(value) {
        return value.as_str();
    }
    let target = template.resources.get(referenced_resource(value)?)?;
    let (_, pointer) = NAMES.iter().find(|(name, _)| *name == target.type_name)?;
    target.properties.pointer(pointer)?.as_str()
}

impl Named<'_> {
    fn violation(&self, rule: Rule, message: String) -> Violation {
        Violation::of_property(rule, self.id, self.pointer, message)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::rule::Rule;
    use crate::testing::{Request, messages, rules};

    fn bucket(name: &str) -> Value {
        json!({ "Type": "AWS::S3::Bucket", "Properties": { "BucketName": name } })
    }

    fn existing(template: &Value, resource_type: &'static str, name: &'static str) -> Request {
        Request { existing: vec![(resource_type, name)], ..Request::new(template) }
    }

    #[test]
    fn new_bucket_with_an_existing_name_is_refused() {
        let request =
            existing(&json!({ "Resources": { "Bucket": bucket("taken") } }), "AWS::S3::Bucket", "taken");
        assert_eq!(
            messages(&request),
            ["Resource of type 'AWS::S3::Bucket' with identifier 'taken' already exists."]
        );
        let template = json!({ "Resources": { "Bucket": bucket("free") } });
        assert_eq!(rules(&existing(&template, "AWS::S3::Bucket", "taken")), []);
    }

    #[test]
    fn deployed_bucket_keeps_its_name() {
        let template = json!({ "Resources": { "Bucket": bucket("taken") } });
        let request = existing(&template, "AWS::S3::Bucket", "taken");
        assert_eq!(rules(&Request { deployed: Some(template), ..request }), []);
    }

    #[test]
    fn name_that_does_not_identify_its_resource_fails_later() {
        let queue = json!({ "Type": "AWS::SQS::Queue", "Properties": { "QueueName": "taken" } });
        let request = existing(&json!({ "Resources": { "Queue": queue } }), "AWS::SQS::Queue", "taken");
        assert_eq!(rules(&request), [Rule::NameTaken]);
        assert_eq!(rules(&Request { import_existing: true, ..request }), [Rule::NameTaken]);
    }

    #[test]
    fn existing_bucket_is_imported_only_if_it_is_retained() {
        let imported = |policy: &str| {
            let mut bucket = bucket("taken");
            bucket["DeletionPolicy"] = policy.into();
            let request = existing(&json!({ "Resources": { "Bucket": bucket } }), "AWS::S3::Bucket", "taken");
            messages(&Request { import_existing: true, ..request })
        };
        assert_eq!(imported("Retain"), [""; 0]);
        assert_eq!(imported("RetainExceptOnCreate"), [""; 0]);
        let [message] = imported("Delete").try_into().unwrap();
        assert!(message.ends_with("The affected resources are Bucket ({BucketName=taken})"), "{message}");
    }

    #[test]
    fn bucket_has_one_policy() {
        let policy = json!({ "Type": "AWS::S3::BucketPolicy", "Properties": { "Bucket": { "Ref": "Bucket" }, "PolicyDocument": {} } });
        let template = json!({ "Resources": { "Bucket": bucket("name"), "Policy": policy } });
        let request = existing(&template, "AWS::S3::BucketPolicy", "name");
        assert_eq!(messages(&request), ["The bucket policy already exists on bucket name."]);
    }

    #[test]
    fn bucket_policy_is_not_imported_by_a_reference_to_its_bucket() {
        let with_policy = |name: Value| {
            let policy = json!({
                "Type": "AWS::S3::BucketPolicy",
                "DeletionPolicy": "Retain",
                "Properties": { "Bucket": name, "PolicyDocument": {} },
            });
            let template = json!({ "Resources": { "Bucket": bucket("name"), "Policy": policy } });
            let request = existing(&template, "AWS::S3::BucketPolicy", "name");
            rules(&Request { import_existing: true, ..request })
        };
        assert_eq!(with_policy(json!("name")), []);
        assert_eq!(with_policy(json!({ "Ref": "Bucket" })), [Rule::BucketPolicyConflict]);
    }

    #[test]
    fn two_resources_with_one_name_are_refused() {
        let template = json!({ "Resources": { "First": bucket("name"), "Second": bucket("name") } });
        assert_eq!(rules(&Request::new(&template)), [Rule::DuplicateName]);
    }

    #[test]
    fn replaced_resource_needs_another_name() {
        let queue = |name: &str, is_fifo: bool| {
            let properties = json!({ "QueueName": name, "FifoQueue": is_fifo });
            json!({ "Resources": { "Queue": { "Type": "AWS::SQS::Queue", "Properties": properties } } })
        };
        let request = |name| Request {
            deployed: Some(queue("queue.fifo", false)),
            ..existing(&queue(name, true), "AWS::SQS::Queue", "queue.fifo")
        };
        assert_eq!(rules(&request("other.fifo")), []);
        assert_eq!(
            messages(&request("queue.fifo")),
            ["CloudFormation cannot update a stack when a custom-named resource requires replacing. Rename \
                 queue.fifo and update the stack again."]
        );
    }
}
