//! Existing buckets, which a new stack imports with their current properties.

use anyhow::{Context, Result};
use aws_sdk_s3::error::SdkError;
use serde::Serialize;
use serde_json::Value;
use stack::PropertyDifference;

use super::names::Name;
use super::{Found, Search};
use crate::{cloud_control, drift};

const BUCKET: &str = "AWS::S3::Bucket";
const POLICY: &str = "AWS::S3::BucketPolicy";

/// Properties that the template does not set, and that change the behavior of a bucket that has them.
const KEPT: &[&str] = &[
    "AccelerateConfiguration",
    "AnalyticsConfigurations",
    "IntelligentTieringConfigurations",
    "InventoryConfigurations",
    "LoggingConfiguration",
    "MetadataTableConfiguration",
    "MetricsConfigurations",
    "NotificationConfiguration",
    "ObjectLockConfiguration",
    "ReplicationConfiguration",
    "WebsiteConfiguration",
];

/// An existing resource that a new stack imports.
#[derive(Debug, Serialize)]
pub struct Takeover {
    /// The logical ID.
    pub resource: String,
    /// The type of the resource.
    pub resource_type: String,
    /// The name of the bucket.
    pub name: String,
    /// Properties that differ from the template. They are changed after the import.
    pub differences: Vec<PropertyDifference>,
    /// Properties that the template does not set. They are kept.
    pub kept: Vec<String>,
}

impl Search<'_> {
    pub(super) async fn find_bucket(&self, name: &Name) -> Result<Vec<Found>> {
        let request = self.connection.s3().head_bucket().bucket(&name.value).send();
        let status = match Box::pin(request).await {
            Ok(_) => 200,
            Err(SdkError::ServiceError(error)) => error.raw().status().as_u16(),
            Err(error) => {
                return Err(error).with_context(|| format!("cannot look for the bucket {}", name.value));
            }
        };
        // https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadBucket.html
        match status {
            404 => Ok(Vec::new()),
            200 if self.creates_stack => self.take_over(name).await,
            200 => Ok(vec![Found::Taken(self.conflict(name, name.advice()))]),
            301 => {
                let advice = "the bucket is in another region, and bucket names are the same in all: \
                     set `suffix` in stack/environments/ENVIRONMENT.toml";
                Ok(vec![Found::Taken(self.conflict(name, advice))])
            }
            403 => {
                let advice = "another account has the bucket, or you lack s3:ListBucket on it: set `suffix` in \
                     stack/environments/ENVIRONMENT.toml, or get that permission";
                Ok(vec![Found::Taken(self.conflict(name, advice))])
            }
            status => anyhow::bail!("S3 returned {status} for the bucket {}", name.value),
        }
    }

    async fn take_over(&self, name: &Name) -> Result<Vec<Found>> {
        let client = &self.cloud_control;
        let (actual, policy) = tokio::try_join!(
            cloud_control::properties(client, BUCKET, &name.value),
            cloud_control::exists(client, POLICY, &name.value),
        )?;
        let Some(actual) = actual else { return Ok(Vec::new()) };
        let resources = self.proposed["Resources"].as_object();
        let template = &self.proposed["Resources"][&name.resource]["Properties"];
        let mut found = vec![Found::Takeover(Takeover {
            resource: name.resource.clone(),
            resource_type: name.resource_type.clone(),
            name: name.value.clone(),
            differences: differences(template, &actual),
            kept: KEPT.iter().filter(|kept| is_set(&actual[**kept])).map(ToString::to_string).collect(),
        })];
        let is_policy = |(_, resource): &(&String, &Value)| resource["Type"] == POLICY;
        if policy && let Some((id, _)) = resources.into_iter().flatten().find(is_policy) {
            // A bucket has only one policy, and CloudFormation does not import a policy with a reference to its
            // bucket.
            let policy = Name { resource: id.clone(), resource_type: POLICY.to_owned(), ..name.clone() };
            let advice = "the bucket already has a policy, and CloudFormation does not replace it: save it (`aws s3api \
                 get-bucket-policy`), then remove it (`aws s3api delete-bucket-policy`); an older \
                 distribution cannot read the bucket from then on";
            found.push(Found::Taken(self.conflict(&policy, advice)));
        }
        Ok(found)
    }
}

fn is_set(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Array(items) => !items.is_empty(),
        Value::Object(members) => !members.is_empty(),
        _ => true,
    }
}

/// Returns the values in a template that a resource does not have, at the innermost level.
fn differences(template: &Value, actual: &Value) -> Vec<PropertyDifference> {
    let mut found = Vec::new();
    compare("", template, actual, &mut found);
    found
}

fn compare(path: &str, expected: &Value, actual: &Value, found: &mut Vec<PropertyDifference>) {
    let below = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
    match (expected, actual) {
        _ if matches_template(expected, actual) => {}
        (Value::Object(expected), Value::Object(_)) => {
            for (name, expected) in expected {
                compare(&below(name), expected, &actual[name.as_str()], found);
            }
        }
        (Value::Array(expected), Value::Array(actual))
            if expected.len() == actual.len() && expected.iter().all(Value::is_object) =>
        {
            for (index, (expected, actual)) in expected.iter().zip(actual).enumerate() {
                compare(&below(&index.to_string()), expected, actual, found);
            }
        }
        (expected, actual) => found.push(PropertyDifference {
            path: path.to_owned(),
            old: Some(actual).filter(|value| !value.is_null()).cloned(),
            new: Some(expected.clone()),
        }),
    }
}

/// Returns whether a value from AWS matches the template.
///
/// AWS may return more, such as defaults.
fn matches_template(expected: &Value, actual: &Value) -> bool {
    match (expected, actual) {
        (Value::Object(expected), Value::Object(_)) => expected.iter().all(|(name, expected)| {
            matches_template(expected, &actual[name.as_str()])
                || (actual[name.as_str()].is_null() && drift::is_omitted(BUCKET, name, &plain(expected)))
        }),
        (Value::Array(expected), Value::Array(actual)) => {
            expected.len() == actual.len()
                && expected
                    .iter()
                    .all(|expected| actual.iter().any(|actual| matches_template(expected, actual)))
        }
        (Value::Object(_) | Value::Array(_), _) | (_, Value::Object(_) | Value::Array(_)) => false,
        // AWS may return a number or a Boolean as text.
        (expected, actual) => expected == actual || plain(expected) == plain(actual),
    }
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::differences;

    #[test]
    fn bucket_matches_the_template_if_aws_only_adds_values() {
        let template = json!({
            "BucketName": "assets",
            "LifecycleConfiguration": { "Rules": [
                { "Id": "tiering", "Transitions": [{ "StorageClass": "INTELLIGENT_TIERING", "TransitionInDays": 0 }] },
                { "Id": "old", "NoncurrentVersionExpiration": { "NoncurrentDays": 30 } },
            ]},
            "VersioningConfiguration": { "Status": "Enabled" },
        });
        let actual = json!({
            "Arn": "arn:aws:s3:::assets",
            "BucketName": "assets",
            "LifecycleConfiguration": {
                "Rules": [
                    { "Id": "old", "Prefix": "", "NoncurrentVersionExpiration": { "NoncurrentDays": "30" } },
                    { "Id": "tiering", "Transitions": [{ "StorageClass": "INTELLIGENT_TIERING" }] },
                ],
                "TransitionDefaultMinimumObjectSize": "all_storage_classes_128K",
            },
            "VersioningConfiguration": { "Status": "Enabled" },
        });
        assert_eq!(differences(&template, &actual), []);
    }

    #[test]
    fn differences_are_listed_by_property() {
        let template = json!({
            "CorsConfiguration": { "CorsRules": [{ "AllowedOrigins": ["*"] }] },
            "VersioningConfiguration": { "Status": "Enabled" },
            "BucketEncryption": { "Algorithm": "AES256" },
        });
        let actual = json!({
            "CorsConfiguration": { "CorsRules": [{ "AllowedOrigins": ["https://old"] }] },
            "VersioningConfiguration": { "Status": "Suspended" },
            "WebsiteConfiguration": { "IndexDocument": "index.html" },
        });
        let told: Vec<_> = differences(&template, &actual).into_iter().map(|it| (it.path, it.old)).collect();
        assert_eq!(
            told,
            [
                ("BucketEncryption".to_owned(), None),
                ("CorsConfiguration.CorsRules.0.AllowedOrigins".to_owned(), Some(json!(["https://old"]))),
                ("VersioningConfiguration.Status".to_owned(), Some(json!("Suspended"))),
            ]
        );
    }
}
