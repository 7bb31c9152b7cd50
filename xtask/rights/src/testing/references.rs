//! Replaces the references of a template with values.

use serde_json::Value as Json;

use crate::access::{global, regional};
use crate::identity::ACCOUNT;

const REGION: &str = "us-east-1";

/// Returns a value in which each reference is replaced with a value.
pub(crate) fn resolved(value: &Json, template: &Json, stack: &str) -> Json {
    References { template, stack }.resolve(value)
}

/// Returns the value of a platform parameter.
pub(super) fn value_of(id: &str) -> String {
    match id {
        "JobsQueueArn" => regional("sqs", REGION, "jobs"),
        "JobsQueueKmsKeyArn" => regional("kms", REGION, "key/jobs"),
        "LogDestinationArn" => regional("logs", REGION, "destination:logs"),
        id if id.ends_with("RoleArn") => global("iam", &format!("role/{id}")),
        id => format!("value-of-{id}"),
    }
}

struct References<'a> {
    template: &'a Json,
    stack: &'a str,
}

impl References<'_> {
    fn resolve(&self, value: &Json) -> Json {
        match value {
            Json::Object(object) => {
                let argument = |name: &str| object.get(name).filter(|_| object.len() == 1);
                if let Some(id) = argument("Ref").and_then(Json::as_str) {
                    return self.reference(id).into();
                }
                if let Some(reference) = argument("Fn::GetAtt") {
                    let text = |index: usize| reference[index].as_str().unwrap();
                    return self.attribute(text(0), text(1)).into();
                }
                if let Some(text) = argument("Fn::Sub").and_then(Json::as_str) {
                    return self.substitute(text).into();
                }
                object.iter().map(|(name, value)| (name.clone(), self.resolve(value))).collect()
            }
            Json::Array(items) => items.iter().map(|item| self.resolve(item)).collect(),
            other => other.clone(),
        }
    }

    fn reference(&self, id: &str) -> String {
        match id {
            "AWS::AccountId" => ACCOUNT.to_owned(),
            "AWS::Partition" => "aws".to_owned(),
            "AWS::Region" => REGION.to_owned(),
            id if self.template["Parameters"].get(id).is_some() => value_of(id),
            id => self.name(id).unwrap_or(id).to_owned(),
        }
    }

    fn attribute(&self, id: &str, attribute: &str) -> String {
        let name = self.name(id).unwrap_or(id);
        match (self.template["Resources"][id]["Type"].as_str().unwrap(), attribute) {
            ("AWS::IAM::Role", "Arn") => global("iam", &format!("role/{}", role_name(self.stack, id))),
            ("AWS::Lambda::Function", "Arn") => regional("lambda", REGION, &format!("function:{name}")),
            ("AWS::Logs::LogGroup", "Arn") => regional("logs", REGION, &format!("log-group:{name}:*")),
            ("AWS::S3::Bucket", "Arn") => format!("arn:aws:s3:::{name}"),
            ("AWS::SQS::Queue", "Arn") => regional("sqs", REGION, name),
            _ => id.to_owned(),
        }
    }

    /// Returns the name that a resource has in the template.
    fn name(&self, id: &str) -> Option<&str> {
        let properties = &self.template["Resources"][id]["Properties"];
        let mut names = ["BucketName", "FunctionName", "LogGroupName", "QueueName"].into_iter();
        names.find_map(|name| properties[name].as_str())
    }

    fn substitute(&self, text: &str) -> String {
        let mut pieces = text.split("${");
        let mut substituted = pieces.next().unwrap_or_default().to_owned();
        for piece in pieces {
            let (name, rest) = piece.split_once('}').unwrap();
            let value = match (name.strip_prefix('!'), name.split_once('.')) {
                (Some(literal), _) => ["${", literal, "}"].concat(),
                (None, Some((id, attribute))) => self.attribute(id, attribute),
                (None, None) => self.reference(name),
            };
            substituted.push_str(&value);
            substituted.push_str(rest);
        }
        substituted
    }
}

/// Returns the name that CloudFormation gives a role.
pub(crate) fn role_name(stack: &str, id: &str) -> String {
    format!("{stack}-{id}-ABC")
}
