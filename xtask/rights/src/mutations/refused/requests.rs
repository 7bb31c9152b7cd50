//! Mutations of the request for a change set, and of the template of an update.

use cloudformation_rules::{ParameterValue, Rule};
use serde_json::{Value as Json, json};

use super::super::edit::Edit::Set;
use super::{Mutation, Request};

/// Mistakes in a request that do not depend on its template.
type RequestMutation = (&'static str, fn(&mut Request), Rule);

pub(super) fn mutations() -> Vec<RequestMutation> {
    use Rule::*;
    vec![
        ("template that is cut off", |request| request.text.truncate(1_000), MalformedTemplate),
        ("template that is a list", |request| request.text = "[]".to_owned(), UnsupportedStructure),
        ("missing capability", |request| request.capabilities.clear(), MissingCapability),
        (
            "value of a parameter that does not exist",
            |request| {
                request.parameters.insert("Other".to_owned(), ParameterValue::default());
            },
            UnknownParameter,
        ),
        ("bucket that exists", |request| request.existing = &["AWS::S3::Bucket"], NameConflict),
        (
            "cache policy that exists",
            |request| request.existing = &["AWS::CloudFront::CachePolicy"],
            NameTaken,
        ),
        (
            "policy of a bucket that has one",
            |request| request.existing = &["AWS::S3::BucketPolicy"],
            BucketPolicyConflict,
        ),
        (
            "import of log groups that a rollback deletes",
            |request| {
                request.existing = &["AWS::Logs::LogGroup"];
                request.import_existing = true;
            },
            ImportWithoutRetention,
        ),
        (
            "six subscription filters of a log group",
            |request| {
                let mut template: Json = serde_json::from_str(&request.text).unwrap();
                for index in 0..6 {
                    template["Resources"][format!("Subscription{index}")] = json!({
                        "Type": "AWS::Logs::SubscriptionFilter",
                        "Properties": {
                            "LogGroupName": { "Ref": "AccessLogGroup" },
                            "FilterPattern": "",
                            "DestinationArn": "arn:aws:logs:us-east-1:000000000000:destination:logs",
                        },
                    });
                }
                request.text = template.to_string();
            },
            TooManySubscriptionFilters,
        ),
    ]
}

/// Returns mutations that AWS accepts for a new stack.
pub(super) fn updates() -> Vec<Mutation<Rule>> {
    use Rule::*;
    vec![
        (
            "queue in the place of the dashboard",
            Set("/Resources/Dashboard", json!({ "Type": "AWS::SQS::Queue" })),
            ResourceTypeChanged,
        ),
        (
            "function of another package type and the same name",
            Set("ApiFunction/PackageType", json!("Image")),
            NamedReplacement,
        ),
        (
            "other key under the same logical id",
            Set("SigningKeyNew/PublicKeyConfig/EncodedKey", json!("another key")),
            PublicKeyChanged,
        ),
    ]
}
