//! Buckets: their names and lifecycle rules.

use std::net::Ipv4Addr;

use crate::check::Context;
use crate::intrinsics::is_unknown;
use crate::rule::Rule;
use crate::services::items;
use crate::violation::Violation;

const RESERVED_PREFIXES: &[&str] = &["xn--", "sthree-", "amzn-s3-demo-"];
const RESERVED_SUFFIXES: &[&str] = &["-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3"];

/// A lifecycle rule needs at least one of these properties.
///
/// `ExpiredObjectDeleteMarker` is not enough:
/// <https://github.com/aws-cloudformation/cloudformation-coverage-roadmap/issues/1124>.
const ACTIONS: &[&str] = &[
    "ExpirationDate",
    "ExpirationInDays",
    "AbortIncompleteMultipartUpload",
    "Transition",
    "Transitions",
    "NoncurrentVersionExpirationInDays",
    "NoncurrentVersionTransition",
    "NoncurrentVersionTransitions",
    "NoncurrentVersionExpiration",
];

pub(super) fn check_names(context: &Context<'_>) -> Vec<Violation> {
    context
        .template
        .of_type("AWS::S3::Bucket")
        .filter_map(|(id, bucket)| {
            let name = bucket.properties["BucketName"].as_str()?;
            let message = format!("Bucket name {name} is not valid: {}", problem(name)?);
            Some(Violation::of_property(Rule::BucketName, id, "/BucketName", message))
        })
        .collect()
}

fn problem(name: &str) -> Option<&'static str> {
    let is_end = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit();
    if !(3..=63).contains(&name.len()) {
        Some("it must have 3 to 63 characters")
    } else if !name.chars().all(|letter| is_end(letter) || matches!(letter, '.' | '-')) {
        Some("it must contain only lowercase letters, numbers, periods and hyphens")
    } else if !name.starts_with(is_end) || !name.ends_with(is_end) {
        Some("it must begin and end with a letter or number")
    } else if name.contains("..") {
        Some("it must not contain two adjacent periods")
    } else if name.parse::<Ipv4Addr>().is_ok() {
        Some("it must not be formatted as an IP address")
    } else if RESERVED_PREFIXES.iter().any(|prefix| name.starts_with(prefix)) {
        Some("its prefix is reserved")
    } else if RESERVED_SUFFIXES.iter().any(|suffix| name.ends_with(suffix)) {
        Some("its suffix is reserved")
    } else {
        None
    }
}

pub(super) fn check_lifecycles(context: &Context<'_>) -> Vec<Violation> {
    let mut violations = Vec::new();
    for (id, bucket) in context.template.of_type("AWS::S3::Bucket") {
        let rules = items(&bucket.properties["LifecycleConfiguration"]["Rules"]);
        for (index, rule) in rules.iter().enumerate() {
            if !is_unknown(rule) && ACTIONS.iter().all(|action| rule.get(*action).is_none()) {
                let pointer = format!("/LifecycleConfiguration/Rules/{index}");
                let message = format!("At least one of [{}] needs to be specified", ACTIONS.join(","));
                violations.push(Violation::of_property(Rule::LifecycleWithoutAction, id, &pointer, message));
            }
        }
    }
    violations
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::rule::Rule;
    use crate::testing::{Request, rules};

    fn bucket(properties: &Value) -> Vec<Rule> {
        let bucket = json!({ "Type": "AWS::S3::Bucket", "Properties": properties });
        rules(&Request::of_resources(&json!({ "Bucket": bucket })))
    }

    #[test]
    fn name_follows_the_rules() {
        for name in ["abc", "a.b-c", &"a".repeat(63)] {
            assert_eq!(bucket(&json!({ "BucketName": name })), [], "{name}");
        }
        let long = "a".repeat(64);
        for name in
            ["ab", &long, "Abc", "-abc", "abc.", "a..b", "192.168.5.4", "xn--abc", "abc-s3alias", "a_b"]
        {
            assert_eq!(bucket(&json!({ "BucketName": name })), [Rule::BucketName], "{name}");
        }
    }

    #[test]
    fn lifecycle_rule_has_an_action() {
        let with = |rule: Value| bucket(&json!({ "LifecycleConfiguration": { "Rules": [rule] } }));
        assert_eq!(with(json!({ "Status": "Enabled", "ExpirationInDays": 1 })), []);
        assert_eq!(with(json!({ "Status": "Enabled", "Prefix": "a" })), [Rule::LifecycleWithoutAction]);
        assert_eq!(with(json!({ "ExpiredObjectDeleteMarker": true })), [Rule::LifecycleWithoutAction]);
    }
}
