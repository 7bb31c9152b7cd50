//! `AWS::CloudFront::CachePolicy`.

use serde::{Serialize, Serializer};

use crate::cloudformation::number::Number;
use crate::cloudformation::property::{Change, Property, PropertyValue, properties};
use crate::cloudformation::resource::{NoAttribute, Resource, ResourceType, Retention, no_grants};
use crate::cloudformation::rights::{Rights, Target};

/// A time of up to a hundred years:
/// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cache-key-create-cache-policy.html>.
pub(crate) type TtlSeconds = Number<0, 3_153_600_000>;

properties! {
    CachePolicy {
        "CachePolicyConfig" cache_policy_config: CachePolicyConfig => Plain,
    }

    /// Times are in seconds.
    CachePolicyConfig {
        "Name" name: String => Plain,
        "Comment" comment: &'static str => Plain,
        "DefaultTTL" default_ttl: TtlSeconds => Plain,
        "MinTTL" min_ttl: TtlSeconds => Plain,
        "MaxTTL" max_ttl: TtlSeconds => Plain,
        "ParametersInCacheKeyAndForwardedToOrigin" cache_key: CacheKey => Plain,
    }

    CacheKey {
        "EnableAcceptEncodingBrotli" enable_accept_encoding_brotli: bool => Plain,
        "EnableAcceptEncodingGzip" enable_accept_encoding_gzip: bool => Plain,
        + forwarded: ForwardedNothing,
    }
}

/// No header, cookie or query string, neither in the cache key nor to the origin.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ForwardedNothing;

impl Serialize for ForwardedNothing {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serde_json::json!({
            "CookiesConfig": { "CookieBehavior": "none" },
            "HeadersConfig": { "HeaderBehavior": "none" },
            "QueryStringsConfig": { "QueryStringBehavior": "none" },
        })
        .serialize(serializer)
    }
}

impl PropertyValue for ForwardedNothing {
    const PROPERTIES: &'static [Property] = &[
        Property { name: "CookiesConfig", change: Change::Plain, properties: &[plain("CookieBehavior")] },
        Property { name: "HeadersConfig", change: Change::Plain, properties: &[plain("HeaderBehavior")] },
        Property {
            name: "QueryStringsConfig",
            change: Change::Plain,
            properties: &[plain("QueryStringBehavior")],
        },
    ];
}

const fn plain(name: &'static str) -> Property {
    Property { name, change: Change::Plain, properties: &[] }
}

impl Resource for CachePolicy {
    const TYPE: ResourceType = ResourceType {
        name: "AWS::CloudFront::CachePolicy",
        retention: Retention::None,
        holds_data: false,
        longest_name: None,
        grants: no_grants,
        rights: Rights {
            read: &[(Target::CachePolicies, &["cloudfront:GetCachePolicy"])],
            deploy: &[
                (Target::Unnamed, &["cloudfront:CreateCachePolicy"]),
                (Target::CachePolicies, &["cloudfront:DeleteCachePolicy", "cloudfront:UpdateCachePolicy"]),
            ],
        },
        properties: Self::PROPERTIES,
        other_replacing: &[],
    };
    type Attribute = NoAttribute;
}
