//! `AWS::CloudFront::KeyGroup`.

use crate::cloudformation::property::{PropertyValue, properties};
use crate::cloudformation::resource::{NoAttribute, Resource, ResourceType, Retention, no_grants};
use crate::cloudformation::rights::{Rights, Target};
use crate::cloudformation::value::Value;

properties! {
    KeyGroup {
        "KeyGroupConfig" key_group_config: KeyGroupConfig => Plain,
    }

    KeyGroupConfig {
        "Name" name: String => Plain,
        "Comment" comment: String => Plain,
        // A review compares trusted keys by themselves.
        "Items" items: Vec<Value<String>> => Plain,
    }
}

impl Resource for KeyGroup {
    const TYPE: ResourceType = ResourceType {
        name: "AWS::CloudFront::KeyGroup",
        retention: Retention::None,
        holds_data: false,
        longest_name: None,
        grants: no_grants,
        rights: Rights {
            read: &[(Target::Unnamed, &["cloudfront:GetKeyGroup"])],
            deploy: &[(
                Target::Unnamed,
                &["cloudfront:CreateKeyGroup", "cloudfront:DeleteKeyGroup", "cloudfront:UpdateKeyGroup"],
            )],
        },
        properties: Self::PROPERTIES,
        other_replacing: &[],
    };
    type Attribute = NoAttribute;
}
