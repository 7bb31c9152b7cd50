//! `AWS::Logs::SubscriptionFilter`.

use serde_json::Value as Json;

use crate::cloudformation::consequence::Consequences;
use crate::cloudformation::property::{PropertyValue, properties};
use crate::cloudformation::resource::{NoAttribute, Resource, ResourceType, Retention, no_grants};
use crate::cloudformation::rights::{Rights, Target};
use crate::cloudformation::value::Value;

properties! {
    SubscriptionFilter {
        "LogGroupName" log_group_name: Value<String> => Replaces,
        "FilterPattern" filter_pattern: &'static str => Plain,
        "DestinationArn" destination_arn: Value<String> => Compared(destination),
        "RoleArn" role_arn: Option<Value<String>> => Plain,
    }
}

impl Resource for SubscriptionFilter {
    const TYPE: ResourceType = ResourceType {
        name: "AWS::Logs::SubscriptionFilter",
        retention: Retention::None,
        holds_data: false,
        longest_name: None,
        grants: no_grants,
        rights: Rights {
            read: &[(Target::LogGroups, &["logs:DescribeSubscriptionFilters"])],
            deploy: &[
                (Target::LogGroups, &["logs:DeleteSubscriptionFilter", "logs:PutSubscriptionFilter"]),
                (Target::LogDestination, &["logs:PutSubscriptionFilter"]),
                (Target::LogDestinationRole, &["iam:PassRole"]),
            ],
        },
        properties: Self::PROPERTIES,
        other_replacing: &["FilterName"],
    };
    type Attribute = NoAttribute;
}

fn destination(consequences: &mut Consequences, old: &Json, new: &Json) {
    consequences.target("logs are forwarded to", old, new);
}
