//! `AWS::Logs::LogGroup`.

use serde_json::Value as Json;

use crate::cloudformation::consequence::Consequences;
use crate::cloudformation::number::LogRetentionDays;
use crate::cloudformation::property::{PropertyValue, properties};
use crate::cloudformation::resource::{Resource, ResourceType, Retention, attributes, no_grants};
use crate::cloudformation::rights::{Rights, Target};

attributes!(LogGroupAttribute { Arn });

properties! {
    LogGroup {
        "LogGroupName" log_group_name: String => Replaces,
        "RetentionInDays" retention_in_days: LogRetentionDays => Compared(retention),
    }
}

impl Resource for LogGroup {
    const TYPE: ResourceType = ResourceType {
        name: "AWS::Logs::LogGroup",
        retention: Retention::None,
        holds_data: true,
        longest_name: None,
        grants: no_grants,
        rights: Rights {
            read: &[
                (Target::LogGroups, &["logs:GetDataProtectionPolicy"]),
                (Target::LogGroupTags, &["logs:ListTagsForResource"]),
                (
                    Target::Unnamed,
                    &[
                        "logs:DescribeIndexPolicies",
                        "logs:DescribeLogGroups",
                        "logs:DescribeResourcePolicies",
                    ],
                ),
            ],
            deploy: &[
                (
                    Target::LogGroups,
                    &["logs:CreateLogGroup", "logs:DeleteLogGroup", "logs:PutRetentionPolicy"],
                ),
                (Target::LogGroupTags, &["logs:TagResource", "logs:UntagResource"]),
            ],
        },
        properties: Self::PROPERTIES,
        other_replacing: &[],
    };
    type Attribute = LogGroupAttribute;
}

/// Without the property, CloudWatch Logs never deletes logs.
fn retention(consequences: &mut Consequences, old: &Json, new: &Json) {
    if let Some(days) = new.as_u64().filter(|days| old.as_u64().is_none_or(|old| *days < old)) {
        let old = old.as_u64().map_or("never".to_owned(), |days| format!("{days} days"));
        consequences.loses_data(format!("logs are deleted after {days} days, was {old}"));
    }
}
