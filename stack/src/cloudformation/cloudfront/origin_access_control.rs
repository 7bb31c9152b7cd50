//! `AWS::CloudFront::OriginAccessControl`.

use serde_json::Value as Json;

use crate::cloudformation::consequence::Consequences;
use crate::cloudformation::property::{PropertyValue, properties};
use crate::cloudformation::resource::{NoAttribute, Resource, ResourceType, Retention, no_grants};
use crate::cloudformation::rights::{Rights, Target};

properties! {
    OriginAccessControl {
        "OriginAccessControlConfig" origin_access_control_config: OriginAccessControlConfig => Plain,
    }

    OriginAccessControlConfig {
        "Name" name: String => Plain,
        "Description" description: String => Plain,
        "OriginAccessControlOriginType" origin_access_control_origin_type: &'static str => Plain,
        "SigningBehavior" signing_behavior: &'static str => Compared(signing),
        "SigningProtocol" signing_protocol: &'static str => Plain,
    }
}

impl Resource for OriginAccessControl {
    const TYPE: ResourceType = ResourceType {
        name: "AWS::CloudFront::OriginAccessControl",
        retention: Retention::None,
        holds_data: false,
        longest_name: None,
        grants: no_grants,
        rights: Rights {
            read: &[(Target::OriginAccessControls, &["cloudfront:GetOriginAccessControl"])],
            deploy: &[
                (Target::Unnamed, &["cloudfront:CreateOriginAccessControl"]),
                (
                    Target::OriginAccessControls,
                    &["cloudfront:DeleteOriginAccessControl", "cloudfront:UpdateOriginAccessControl"],
                ),
            ],
        },
        properties: Self::PROPERTIES,
        other_replacing: &[],
    };
    type Attribute = NoAttribute;
}

/// The bucket rejects requests that CloudFront does not sign.
fn signing(consequences: &mut Consequences, old: &Json, new: &Json) {
    if old == "always" && new != "always" {
        consequences.closes("CloudFront no longer signs all requests to the bucket");
    }
}
