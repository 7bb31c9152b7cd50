//! `AWS::CloudWatch::CompositeAlarm`.

use serde::Serialize;

use crate::cloudformation::property::{PropertyValue, leaves, properties};
use crate::cloudformation::resource::{NoAttribute, Resource, ResourceType, Retention, no_grants};
use crate::cloudformation::rights::{Rights, Target};
use crate::cloudformation::value::Value;

properties! {
    CompositeAlarm {
        "AlarmName" alarm_name: String => Replaces,
        "AlarmDescription" alarm_description: String => Plain,
        "AlarmRule" alarm_rule: AlarmRule => Plain,
        "AlarmActions" alarm_actions: Vec<Value<String>> => Plain,
        "OKActions" ok_actions: Vec<Value<String>> => Plain,
    }
}

/// The states of other alarms in which a composite alarm is active.
///
/// A rule names alarms, which must exist before the composite alarm.
#[derive(Clone, Debug, Serialize)]
#[serde(transparent)]
pub(crate) struct AlarmRule(String);

leaves!(AlarmRule);

impl AlarmRule {
    /// Returns the rule of an alarm that is active while any of those with these names is.
    pub(crate) fn any_of<'a>(names: impl Iterator<Item = &'a str>) -> Self {
        Self(names.map(|name| format!("ALARM(\"{name}\")")).collect::<Vec<_>>().join(" OR "))
    }
}

impl Resource for CompositeAlarm {
    const TYPE: ResourceType = ResourceType {
        name: "AWS::CloudWatch::CompositeAlarm",
        retention: Retention::None,
        holds_data: false,
        longest_name: None,
        grants: no_grants,
        rights: Rights {
            read: &[
                (Target::AllAlarms, &["cloudwatch:DescribeAlarms"]),
                (Target::Alarms, &["cloudwatch:ListTagsForResource"]),
            ],
            deploy: &[
                (Target::AllAlarms, &["cloudwatch:DeleteAlarms", "cloudwatch:PutCompositeAlarm"]),
                (Target::Alarms, &["cloudwatch:TagResource", "cloudwatch:UntagResource"]),
            ],
        },
        properties: Self::PROPERTIES,
        other_replacing: &[],
    };
    type Attribute = NoAttribute;
}
