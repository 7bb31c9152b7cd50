//! `AWS::CloudFront::PublicKey`.

use crate::cloudformation::property::{PropertyValue, properties};
use crate::cloudformation::resource::{NoAttribute, Resource, ResourceType, Retention, no_grants};
use crate::cloudformation::rights::{Rights, Target};

properties! {
    PublicKey {
        "PublicKeyConfig" public_key_config: PublicKeyConfig => Replaces,
    }

    PublicKeyConfig {
        "CallerReference" caller_reference: String => Replaces,
        "Name" name: String => Replaces,
        "Comment" comment: String => Replaces,
        "EncodedKey" encoded_key: String => Replaces,
    }
}

impl Resource for PublicKey {
    const TYPE: ResourceType = ResourceType {
        name: "AWS::CloudFront::PublicKey",
        // CloudFront cannot change a key in place, and URLs signed with a key must work until they expire: a replaced key
        // stays. One that leaves the template has been retired, and is deleted: an account may have few of them.
        retention: Retention::WhenReplaced,
        holds_data: false,
        longest_name: None,
        grants: no_grants,
        rights: Rights {
            read: &[(Target::Unnamed, &["cloudfront:GetPublicKey"])],
            deploy: &[(
                Target::Unnamed,
                &["cloudfront:CreatePublicKey", "cloudfront:DeletePublicKey", "cloudfront:UpdatePublicKey"],
            )],
        },
        properties: Self::PROPERTIES,
        other_replacing: &[],
    };
    type Attribute = NoAttribute;
}
