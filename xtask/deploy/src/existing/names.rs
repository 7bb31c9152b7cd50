//! Extracts the names in a template.

use std::collections::BTreeMap;

use serde_json::Value;

use super::cloudfront::Kind;

/// How to look up a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LookupMethod {
    /// Through Cloud Control, if the name is the primary identifier of the resource.
    CloudControl,
    Queue,
    Bucket,
    CloudFront(Kind),
    ApiMapping,
    /// The domain of a distribution.
    Alias,
}

/// The properties that hold a unique name, by resource type.
pub(super) const NAMED: &[(&str, &str, LookupMethod)] = &[
    ("AWS::ApiGatewayV2::ApiMapping", "/ApiMappingKey", LookupMethod::ApiMapping),
    ("AWS::CloudFront::CachePolicy", "/CachePolicyConfig/Name", LookupMethod::CloudFront(Kind::CachePolicy)),
    ("AWS::CloudFront::Distribution", "/DistributionConfig/Aliases/0", LookupMethod::Alias),
    ("AWS::CloudFront::KeyGroup", "/KeyGroupConfig/Name", LookupMethod::CloudFront(Kind::KeyGroup)),
    (
        "AWS::CloudFront::OriginAccessControl",
        "/OriginAccessControlConfig/Name",
        LookupMethod::CloudFront(Kind::OriginAccessControl),
    ),
    ("AWS::CloudFront::PublicKey", "/PublicKeyConfig/Name", LookupMethod::CloudFront(Kind::PublicKey)),
    (
        "AWS::CloudFront::ResponseHeadersPolicy",
        "/ResponseHeadersPolicyConfig/Name",
        LookupMethod::CloudFront(Kind::ResponseHeadersPolicy),
    ),
    ("AWS::CloudWatch::Alarm", "/AlarmName", LookupMethod::CloudControl),
    ("AWS::CloudWatch::CompositeAlarm", "/AlarmName", LookupMethod::CloudControl),
    ("AWS::CloudWatch::Dashboard", "/DashboardName", LookupMethod::CloudControl),
    ("AWS::IAM::Role", "/RoleName", LookupMethod::CloudControl),
    ("AWS::Lambda::Function", "/FunctionName", LookupMethod::CloudControl),
    ("AWS::Logs::LogGroup", "/LogGroupName", LookupMethod::CloudControl),
    ("AWS::S3::Bucket", "/BucketName", LookupMethod::Bucket),
    ("AWS::SQS::Queue", "/QueueName", LookupMethod::Queue),
];

/// A name that a deployment would use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Name {
    /// The logical ID of its resource.
    pub(super) resource: String,
    pub(super) resource_type: String,
    /// The name. For an API mapping, it includes the domain: `domain/key`.
    pub(super) value: String,
    pub(super) method: LookupMethod,
}

impl Name {
    /// Returns what to do if the name is taken.
    pub(super) fn advice(&self) -> &'static str {
        match self.method {
            LookupMethod::ApiMapping => {
                "another API is mapped there: set `suffix` in stack/environments/ENVIRONMENT.toml, \
                 and switch this mapping when the new API works"
            }
            _ if self.resource_type == "AWS::Logs::LogGroup" => {
                "export what is still needed of the log group and delete it, \
                 or set `suffix` in stack/environments/ENVIRONMENT.toml"
            }
            _ if self.resource_type == "AWS::SQS::Queue" => {
                "drain the queue and delete it, or set `suffix` in stack/environments/ENVIRONMENT.toml"
            }
            _ => "delete it once nothing uses it, or set `suffix` in stack/environments/ENVIRONMENT.toml",
        }
    }
}

/// Returns the names in a template that are not in the deployed one.
pub(super) fn new_names(
    deployed: Option<&Value>,
    proposed: &Value,
    parameters: &BTreeMap<String, String>,
) -> Vec<Name> {
    let before = deployed.map(|deployed| names(deployed, parameters)).unwrap_or_default();
    let mut names = names(proposed, parameters);
    names.retain(|name| !before.contains(name));
    names
}

fn names(template: &Value, parameters: &BTreeMap<String, String>) -> Vec<Name> {
    let resources = template["Resources"].as_object().into_iter().flatten();
    resources.filter_map(|(id, resource)| name_of(id, resource, parameters)).collect()
}

fn name_of(id: &str, resource: &Value, parameters: &BTreeMap<String, String>) -> Option<Name> {
    let resource_type = resource["Type"].as_str()?;
    let (_, pointer, method) = *NAMED.iter().find(|(named, ..)| *named == resource_type)?;
    let properties = &resource["Properties"];
    let mut value = text(properties.pointer(pointer)?, parameters)?.to_owned();
    if method == LookupMethod::ApiMapping {
        value = format!("{}/{value}", text(&properties["DomainName"], parameters)?);
    }
    Some(Name { resource: id.to_owned(), resource_type: resource_type.to_owned(), value, method })
}

/// Returns the text of a value that is a literal or a reference to a platform parameter.
pub(super) fn text<'a>(value: &'a Value, parameters: &'a BTreeMap<String, String>) -> Option<&'a str> {
    match value {
        Value::String(text) => Some(text),
        value => parameters.get(value["Ref"].as_str()?).map(String::as_str),
    }
}
