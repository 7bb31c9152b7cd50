//! `AWS::CloudWatch::CompositeAlarm`.

use serde::Serialize;

use super::alarm::Alarm;
use crate::cloudformation::property::{PropertyValue, leaves, properties};
use crate::cloudformation::resource::{Handle, NoAttribute, Resource, ResourceType, Retention, no_grants};
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
/// Alarms are named by references, so that CloudFormation creates them before it and deletes them after it: CloudWatch
/// rejects a rule with an alarm that does not exist, and keeps an alarm that a rule names.
/// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutCompositeAlarm.html>
#[derive(Clone, Debug, Serialize)]
#[serde(transparent)]
pub(crate) struct AlarmRule(Value<String>);

leaves!(AlarmRule);

impl AlarmRule {
    /// Returns the rule of an alarm that is active while any of these is.
    pub(crate) fn any_of(alarms: &[Handle<Alarm>]) -> Self {
        let active = |alarm: &Handle<Alarm>| format!("ALARM(\"{}\")", alarm.reference().placeholder());
        Self(Value::Substituted(alarms.iter().map(active).collect::<Vec<_>>().join(" OR ")))
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
