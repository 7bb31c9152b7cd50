//! `AWS::CloudFront::KeyGroup`.

use serde_json::Value as Json;

use crate::cloudformation::consequence::Consequences;
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
        // The keys of the stack are compared by themselves.
        "Items" items: Vec<Value<String>> => Compared(foreign_keys),
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

/// Reports keys that are no resources of the stack.
fn foreign_keys(consequences: &mut Consequences, old: &Json, new: &Json) {
    let foreign = |keys: &Json| -> Vec<String> {
        let keys = keys.as_array().into_iter().flatten();
        keys.filter_map(Json::as_str).map(str::to_owned).collect()
    };
    consequences.list("keys from outside of the stack", &foreign(old), &foreign(new));
}
