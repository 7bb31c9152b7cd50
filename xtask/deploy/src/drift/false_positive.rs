//! Differences that CloudFormation reports although nothing was changed.
//!
//! Looked through for our resource types on 2026-11-27: other open reports are of properties that no template of ours sets
//! (tags of a distribution: coverage-roadmap#901, the order of several origins: #1369) or have been fixed
//! (`NoncurrentVersionExpiration`: #1317, `Body` of an API: #791).

use aws_sdk_cloudformation::types::{DifferenceType, PropertyDifference};
use serde::Serialize;

/// A property that comes back from AWS in another form than it was deployed in.
struct FalsePositive {
    resource_type: &'static str,
    /// The path, with `*` for indexes.
    path: &'static str,
    expected: &'static [&'static str],
    /// What is found; none where the property is missing.
    actual: Option<&'static str>,
    link: &'static str,
}

const KNOWN: &[FalsePositive] = &[
    // S3 returns no days for a transition after zero days.
    FalsePositive {
        resource_type: "AWS::S3::Bucket",
        path: "/LifecycleConfiguration/Rules/*/Transitions/*/TransitionInDays",
        expected: &["0", "false"],
        actual: None,
        link: "https://github.com/aws-cloudformation/cloudformation-coverage-roadmap/issues/966",
    },
];

/// A difference that is none.
#[derive(Debug, Serialize)]
pub struct Folded {
    /// The logical id of the resource.
    pub logical_id: String,
    /// The path of the property.
    pub path: String,
    /// The report of the fault.
    pub link: &'static str,
}

/// The report of a false positive, if this difference is one.
pub(super) fn link(
    resource_type: &str,
    path: &str,
    expected: Option<&str>,
    actual: Option<&str>,
) -> Option<&'static str> {
    let is_known = |known: &&FalsePositive| {
        known.resource_type == resource_type
            && matches(known.path, path)
            && expected.is_some_and(|expected| known.expected.contains(&expected))
            && known.actual == actual
    };
    KNOWN.iter().find(is_known).map(|known| known.link)
}

/// Whether CloudFormation reports a difference although nothing was changed.
pub(crate) fn is_known(resource_type: &str, difference: &PropertyDifference) -> bool {
    let path = difference.property_path.as_deref().unwrap_or_default();
    let is_missing = difference.difference_type == Some(DifferenceType::Remove);
    let actual = difference.actual_value.as_deref().filter(|_| !is_missing);
    link(resource_type, path, difference.expected_value.as_deref(), actual).is_some()
}

/// Whether AWS leaves out a property that is deployed with this value.
pub(crate) fn is_left_out(resource_type: &str, property: &str, expected: &str) -> bool {
    KNOWN.iter().any(|known| {
        known.resource_type == resource_type
            && known.actual.is_none()
            && known.path.rsplit('/').next() == Some(property)
            && known.expected.contains(&expected)
    })
}

fn matches(pattern: &str, path: &str) -> bool {
    let (pattern, path): (Vec<_>, Vec<_>) = (pattern.split('/').collect(), path.split('/').collect());
    pattern.len() == path.len()
        && pattern.iter().zip(path).all(|(known, part)| {
            *known == part || *known == "*" && part.bytes().all(|byte| byte.is_ascii_digit())
        })
}
