//! Differences that CloudFormation reports although nothing was changed.
//!
//! The open reports for our resource types were reviewed on 2026-11-27. The others concern properties that no
//! template of ours sets (tags of a distribution: coverage-roadmap#901, the order of several origins: #1369) or have
//! been fixed (`NoncurrentVersionExpiration`: #1317, `Body` of an API: #791).

use aws_sdk_cloudformation::types::{DifferenceType, PropertyDifference};
use serde::Serialize;

/// A property that AWS returns in another form than it was deployed in.
struct KnownDifference {
    resource_type: &'static str,
    /// The path, with `*` for an index.
    path: &'static str,
    expected: &'static [&'static str],
    /// The returned value, or `None` if the property is missing.
    actual: Option<&'static str>,
    link: &'static str,
}

const KNOWN: &[KnownDifference] = &[
    // S3 returns no `TransitionInDays` for a transition after zero days.
    KnownDifference {
        resource_type: "AWS::S3::Bucket",
        path: "/LifecycleConfiguration/Rules/*/Transitions/*/TransitionInDays",
        expected: &["0", "false"],
        actual: None,
        link: "https://github.com/aws-cloudformation/cloudformation-coverage-roadmap/issues/966",
    },
];

/// A difference that is a false positive.
#[derive(Debug, Serialize)]
pub struct FalsePositive {
    /// The logical ID of the resource.
    pub logical_id: String,
    /// The path of the property.
    pub path: String,
    /// The link to the bug report.
    pub link: &'static str,
}

/// Returns the bug report of a difference if it is a false positive.
pub(super) fn link(
    resource_type: &str,
    path: &str,
    expected: Option<&str>,
    actual: Option<&str>,
) -> Option<&'static str> {
    let is_known = |known: &&KnownDifference| {
        known.resource_type == resource_type
            && matches(known.path, path)
            && expected.is_some_and(|expected| known.expected.contains(&expected))
            && known.actual == actual
    };
    KNOWN.iter().find(is_known).map(|known| known.link)
}

/// Returns whether a difference is a known false positive.
pub(crate) fn is_known(resource_type: &str, difference: &PropertyDifference) -> bool {
    let path = difference.property_path.as_deref().unwrap_or_default();
    let is_missing = difference.difference_type == Some(DifferenceType::Remove);
    let actual = difference.actual_value.as_deref().filter(|_| !is_missing);
    link(resource_type, path, difference.expected_value.as_deref(), actual).is_some()
}

/// Returns whether AWS omits a property that is deployed with this value.
pub(crate) fn is_omitted(resource_type: &str, property: &str, expected: &str) -> bool {
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
