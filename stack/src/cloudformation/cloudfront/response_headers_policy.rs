//! `AWS::CloudFront::ResponseHeadersPolicy`.

use serde_json::Value as Json;

use crate::cloudformation::consequence::{Consequences, texts};
use crate::cloudformation::number::Number;
use crate::cloudformation::property::{PropertyValue, properties};
use crate::cloudformation::resource::{NoAttribute, Resource, ResourceType, Retention, no_grants};
use crate::cloudformation::rights::{Rights, Target};

properties! {
    ResponseHeadersPolicy {
        "ResponseHeadersPolicyConfig" response_headers_policy_config: ResponseHeadersPolicyConfig => Plain,
    }

    ResponseHeadersPolicyConfig {
        "Name" name: String => Plain,
        "Comment" comment: &'static str => Plain,
        "CorsConfig" cors_config: ResponseHeadersCors => Compared(cors),
        "CustomHeadersConfig" custom_headers_config: CustomHeaders => Plain,
    }

    ResponseHeadersCors {
        "AccessControlAllowCredentials" access_control_allow_credentials: bool => ComparedByParent,
        "AccessControlAllowHeaders" access_control_allow_headers: Items => ComparedByParent,
        "AccessControlAllowMethods" access_control_allow_methods: Items => ComparedByParent,
        "AccessControlAllowOrigins" access_control_allow_origins: Items => ComparedByParent,
        "AccessControlExposeHeaders" access_control_expose_headers: Items => Plain,
        "AccessControlMaxAgeSec" access_control_max_age_sec: Number<0, 31_536_000> => Plain,
        "OriginOverride" origin_override: bool => Plain,
    }

    CustomHeaders {
        "Items" items: Vec<CustomHeader> => Plain,
    }

    CustomHeader {
        "Header" header: &'static str => Plain,
        "Value" value: String => Plain,
        "Override" overrides: bool => Plain,
    }

    Items {
        "Items" items: Vec<&'static str> => Plain,
    }
}

impl Resource for ResponseHeadersPolicy {
    const TYPE: ResourceType = ResourceType {
        name: "AWS::CloudFront::ResponseHeadersPolicy",
        retention: Retention::None,
        holds_data: false,
        longest_name: None,
        grants: no_grants,
        rights: Rights {
            read: &[(Target::ResponseHeadersPolicies, &["cloudfront:GetResponseHeadersPolicy"])],
            deploy: &[
                (Target::Unnamed, &["cloudfront:CreateResponseHeadersPolicy"]),
                (
                    Target::ResponseHeadersPolicies,
                    &["cloudfront:DeleteResponseHeadersPolicy", "cloudfront:UpdateResponseHeadersPolicy"],
                ),
            ],
        },
        properties: Self::PROPERTIES,
        other_replacing: &[],
    };
    type Attribute = NoAttribute;
}

/// Compares what pages of other origins may send.
fn cors(consequences: &mut Consequences, old: &Json, new: &Json) {
    for (name, shown) in
        [("AccessControlAllowOrigins", "CORS origins"), ("AccessControlAllowMethods", "CORS methods")]
    {
        consequences.list(shown, &texts(&old[name]["Items"]), &texts(&new[name]["Items"]));
    }
    let headers = |value: &Json| texts(&value["AccessControlAllowHeaders"]["Items"]);
    if !headers(new).iter().any(|header| header == "*") {
        for header in headers(old).iter().filter(|header| !headers(new).contains(header)) {
            consequences.closes(format!("CORS headers lose {header}"));
        }
    }
    consequences
        .cors_credentials(&old["AccessControlAllowCredentials"], &new["AccessControlAllowCredentials"]);
}
