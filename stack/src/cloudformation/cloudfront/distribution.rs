//! `AWS::CloudFront::Distribution`.

mod behaviors;
mod origins;
mod viewers;

use serde_json::Value as Json;

use crate::cloudformation::consequence::Consequences;
use crate::cloudformation::property::{PropertyValue, alternatives, properties};
use crate::cloudformation::resource::{Resource, ResourceType, Retention, attributes, no_grants};
use crate::cloudformation::rights::{Rights, Target};
use crate::cloudformation::value::Value;

attributes!(DistributionAttribute { DomainName });

properties! {
    Distribution {
        "DistributionConfig" distribution_config: DistributionConfig => Compared(compare),
    }

    DistributionConfig {
        "Comment" comment: String => Plain,
        "Enabled" enabled: bool => ComparedByParent,
        "HttpVersion" http_version: &'static str => Plain,
        "IPV6Enabled" ipv6_enabled: bool => Plain,
        "PriceClass" price_class: &'static str => Plain,
        "Aliases" aliases: Vec<Value<String>> => ComparedByParent,
        "ViewerCertificate" viewer_certificate: ViewerCertificate => ComparedByParent,
        "Origins" origins: [Origin; 1] => ComparedByParent,
        "DefaultCacheBehavior" default_cache_behavior: CacheBehavior => ComparedByParent,
        "CacheBehaviors" cache_behaviors: Vec<CacheBehavior> => ComparedByParent,
    }

    /// The certificate of the domain that CloudFront gives a distribution.
    DefaultCertificate {
        "CloudFrontDefaultCertificate" cloud_front_default_certificate: bool => Plain,
    }

    AliasCertificate {
        "AcmCertificateArn" acm_certificate_arn: Value<String> => Plain,
        "MinimumProtocolVersion" minimum_protocol_version: &'static str => ComparedByParent,
        "SslSupportMethod" ssl_support_method: &'static str => Plain,
    }

    Origin {
        "Id" id: &'static str => ComparedByParent,
        "DomainName" domain_name: Value<String> => ComparedByParent,
        "OriginAccessControlId" origin_access_control_id: Value<String> => ComparedByParent,
        "S3OriginConfig" s3_origin_config: S3OriginConfig => Plain,
    }

    /// Without an origin access identity: the distribution reads with an origin access control.
    S3OriginConfig {
        "OriginAccessIdentity" origin_access_identity: &'static str => Plain,
    }

    CacheBehavior {
        /// The paths that the behavior is for; the default behavior has none.
        "PathPattern" path_pattern: Option<&'static str> => ComparedByParent,
        "TargetOriginId" target_origin_id: &'static str => Plain,
        "ViewerProtocolPolicy" viewer_protocol_policy: &'static str => ComparedByParent,
        "AllowedMethods" allowed_methods: Vec<&'static str> => ComparedByParent,
        "CachedMethods" cached_methods: Vec<&'static str> => Plain,
        "Compress" compress: bool => Plain,
        "CachePolicyId" cache_policy_id: Value<String> => Plain,
        "OriginRequestPolicyId" origin_request_policy_id: &'static str => Plain,
        "ResponseHeadersPolicyId" response_headers_policy_id: Value<String> => Plain,
        /// A behavior without a key group serves everyone.
        "TrustedKeyGroups" trusted_key_groups: Vec<Value<String>> => ComparedByParent,
    }
}

alternatives!(ViewerCertificate { DefaultCertificate, AliasCertificate });

impl Resource for Distribution {
    const TYPE: ResourceType = ResourceType {
        name: "AWS::CloudFront::Distribution",
        retention: Retention::None,
        holds_data: false,
        longest_name: None,
        grants: no_grants,
        rights: Rights {
            read: &[(
                Target::Distributions,
                &[
                    "cloudfront:GetDistribution",
                    "cloudfront:GetDistributionConfig",
                    "cloudfront:ListTagsForResource",
                ],
            )],
            deploy: &[
                (Target::Unnamed, &["cloudfront:CreateDistribution"]),
                (
                    Target::Distributions,
                    &[
                        "cloudfront:DeleteDistribution",
                        "cloudfront:TagResource",
                        "cloudfront:UntagResource",
                        "cloudfront:UpdateDistribution",
                    ],
                ),
            ],
        },
        properties: Self::PROPERTIES,
        other_replacing: &[],
    };
    type Attribute = DistributionAttribute;
}

fn compare(consequences: &mut Consequences, old: &Json, new: &Json) {
    behaviors::compare(consequences, old, new);
    origins::compare(consequences, &old["Origins"], &new["Origins"]);
    viewers::compare(consequences, &old["ViewerCertificate"], &new["ViewerCertificate"]);
}
