//! `AWS::CloudFront::Distribution`.

use serde::Serialize;

use crate::cloudformation::resource::{Resource, attributes};
use crate::cloudformation::value::Value;

attributes!(DistributionAttribute { DomainName });

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Distribution {
    pub distribution_config: DistributionConfig,
}

impl Resource for Distribution {
    const TYPE: &'static str = "AWS::CloudFront::Distribution";
    type Attribute = DistributionAttribute;
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct DistributionConfig {
    pub comment: String,
    pub enabled: bool,
    pub http_version: &'static str,
    #[serde(rename = "IPV6Enabled")]
    pub ipv6_enabled: bool,
    pub price_class: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub aliases: Vec<Value<String>>,
    pub viewer_certificate: ViewerCertificate,
    pub origins: [Origin; 1],
    pub default_cache_behavior: CacheBehavior,
    pub cache_behaviors: Vec<CacheBehavior>,
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum ViewerCertificate {
    #[serde(rename_all = "PascalCase")]
    Default { cloud_front_default_certificate: bool },
    #[serde(rename_all = "PascalCase")]
    OfAlias {
        acm_certificate_arn: Value<String>,
        minimum_protocol_version: &'static str,
        ssl_support_method: &'static str,
    },
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Origin {
    pub id: &'static str,
    pub domain_name: Value<String>,
    pub origin_access_control_id: Value<String>,
    #[serde(rename = "S3OriginConfig")]
    pub s3_origin_config: S3OriginConfig,
}

/// Without an identity of the older kind: access is by origin access control.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct S3OriginConfig {
    pub origin_access_identity: &'static str,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct CacheBehavior {
    /// What the behaviour is for; the default behaviour has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path_pattern: Option<&'static str>,
    pub target_origin_id: &'static str,
    pub viewer_protocol_policy: &'static str,
    pub allowed_methods: Vec<&'static str>,
    pub cached_methods: Vec<&'static str>,
    pub compress: bool,
    pub cache_policy_id: Value<String>,
    pub origin_request_policy_id: &'static str,
    pub response_headers_policy_id: Value<String>,
    /// A behaviour without one serves everyone.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub trusted_key_groups: Vec<Value<String>>,
}
