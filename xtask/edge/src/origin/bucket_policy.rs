//! Permissions of the distribution in a bucket policy.
//!
//! The emulator allows everyone to read everything, so a policy that locks out CloudFront would fail only on AWS.
//! This module enforces the policy: unless a statement allows `s3:GetObject` for the distribution, every object is
//! 403, and without `s3:ListBucket`, a missing object is 403 instead of 404. See
//! <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-restricting-access-to-s3.html>.
//!
//! Deny statements are ignored: in a bucket for CloudFront they concern plain HTTP, and CloudFront signs over HTTPS.

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::wildcard;

/// The service principal of CloudFront's origin access control.
const CLOUDFRONT: &str = "cloudfront.amazonaws.com";

/// The permissions of one distribution in one bucket.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BucketPolicy {
    bucket: String,
    grants: Vec<Grant>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Grant {
    actions: Vec<String>,
    resources: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Document {
    statement: OneOrMany<Statement>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Statement {
    effect: String,
    principal: Value,
    action: OneOrMany<String>,
    resource: OneOrMany<String>,
    #[serde(default)]
    condition: Map<String, Value>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany<T> {
    One(T),
    Many(Vec<T>),
}

impl<T> From<OneOrMany<T>> for Vec<T> {
    fn from(value: OneOrMany<T>) -> Self {
        match value {
            OneOrMany::One(one) => vec![one],
            OneOrMany::Many(many) => many,
        }
    }
}

impl BucketPolicy {
    /// Reads the permissions of the distribution with this ARN from a bucket policy.
    ///
    /// Returns `None` if the document is not a valid policy.
    pub fn parse(document: &str, bucket: &str, distribution_arn: &str) -> Option<Self> {
        let document: Document = serde_json::from_str(document).ok()?;
        let grants = Vec::from(document.statement)
            .into_iter()
            .filter(|statement| statement.gives(distribution_arn))
            .map(|statement| Grant { actions: statement.action.into(), resources: statement.resource.into() })
            .collect();
        Some(Self { bucket: bucket.to_owned(), grants })
    }

    /// Returns whether the distribution can read this object.
    pub fn reads(&self, key: &str) -> bool {
        self.allows("s3:GetObject", &format!("arn:aws:s3:::{}/{key}", self.bucket))
    }

    /// Returns whether S3 tells the distribution that an object is missing.
    pub fn lists(&self) -> bool {
        self.allows("s3:ListBucket", &format!("arn:aws:s3:::{}", self.bucket))
    }

    fn allows(&self, action: &str, resource: &str) -> bool {
        let any =
            |patterns: &[String], text: &str| patterns.iter().any(|pattern| wildcard::matches(pattern, text));
        self.grants.iter().any(|grant| any(&grant.actions, action) && any(&grant.resources, resource))
    }
}

impl Statement {
    fn gives(&self, distribution_arn: &str) -> bool {
        self.effect == "Allow"
            && contains(self.principal.get("Service"), |service| service == CLOUDFRONT)
            && self.condition.iter().all(|(operator, keys)| {
                let compares =
                    matches!(operator.as_str(), "StringEquals" | "StringLike" | "ArnEquals" | "ArnLike");
                let source_arn = keys
                    .as_object()
                    .filter(|keys| keys.len() == 1)
                    .and_then(|keys| keys.iter().find(|(key, _)| key.eq_ignore_ascii_case("AWS:SourceArn")));
                // A statement with an unknown condition grants nothing.
                compares
                    && source_arn.is_some_and(|(_, value)| {
                        contains(Some(value), |pattern| {
                            if operator == "StringEquals" {
                                pattern == distribution_arn
                            } else {
                                wildcard::matches(pattern, distribution_arn)
                            }
                        })
                    })
            })
    }
}

/// Returns whether a JSON string, or a string in a JSON array, passes the test.
fn contains(value: Option<&Value>, test: impl Fn(&str) -> bool) -> bool {
    match value {
        Some(Value::String(one)) => test(one),
        Some(Value::Array(many)) => many.iter().filter_map(Value::as_str).any(test),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const ARN: &str = "arn:aws:cloudfront::1:distribution/D1";

    fn policy(principal: &Value, condition: &Value, arn: &str) -> BucketPolicy {
        let document = json!({"Version": "2012-10-17", "Statement": [
            {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "arn:aws:s3:::b/*",
             "Condition": {"Bool": {"aws:SecureTransport": "false"}}},
            {"Effect": "Allow", "Principal": principal, "Action": ["s3:GetObject"],
             "Resource": ["arn:aws:s3:::b/*"], "Condition": condition},
        ]});
        BucketPolicy::parse(&document.to_string(), "b", arn).unwrap()
    }

    #[test]
    fn policy_must_allow_the_distribution_itself() {
        let cloudfront = json!({"Service": "cloudfront.amazonaws.com"});
        let condition = json!({"StringEquals": {"AWS:SourceArn": ARN}});
        let allowed = policy(&cloudfront, &condition, ARN);
        assert!(allowed.reads("O1/D2/P3/a b"));
        assert!(!allowed.lists());
        let another = ARN.replace("D1", "D2");
        assert!(!policy(&cloudfront, &condition, &another).reads("a"));
        assert!(!policy(&json!({"Service": "s3.amazonaws.com"}), &condition, ARN).reads("a"));
        assert!(!policy(&json!("*"), &condition, ARN).reads("a"));
        let unknown = json!({"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}});
        assert!(!policy(&cloudfront, &unknown, ARN).reads("a"));
        let pattern = json!({"ArnLike": {"aws:sourcearn": ["arn:aws:cloudfront::1:distribution/*"]}});
        assert!(policy(&cloudfront, &pattern, ARN).reads("a"));
        assert!(policy(&cloudfront, &json!({}), ARN).reads("a"));
    }

    #[test]
    fn one_statement_with_single_values() {
        let document = r#"{"Statement":{"Effect":"Allow","Principal":{"Service":["cloudfront.amazonaws.com"]},
            "Action":"s3:List*","Resource":"arn:aws:s3:::b"}}"#;
        let policy = BucketPolicy::parse(document, "b", ARN).unwrap();
        assert!(policy.lists());
        assert!(!policy.reads("a"));
        assert!(BucketPolicy::parse("{}", "b", ARN).is_none());
    }
}
