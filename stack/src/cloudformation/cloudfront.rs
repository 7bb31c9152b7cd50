//! `AWS::CloudFront`.

use serde::Serialize;

use super::resource::{NoAttribute, Resource, Retention, attributes};
use super::value::Value;

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

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct OriginAccessControl {
    pub origin_access_control_config: OriginAccessControlConfig,
}

impl Resource for OriginAccessControl {
    const TYPE: &'static str = "AWS::CloudFront::OriginAccessControl";
    type Attribute = NoAttribute;
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct OriginAccessControlConfig {
    pub name: String,
    pub description: String,
    pub origin_access_control_origin_type: &'static str,
    pub signing_behavior: &'static str,
    pub signing_protocol: &'static str,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct CachePolicy {
    pub cache_policy_config: CachePolicyConfig,
}

impl Resource for CachePolicy {
    const TYPE: &'static str = "AWS::CloudFront::CachePolicy";
    type Attribute = NoAttribute;
}

/// Times in seconds.
#[derive(Debug, Serialize)]
pub(crate) struct CachePolicyConfig {
    #[serde(rename = "Name")]
    pub name: String,
    #[serde(rename = "Comment")]
    pub comment: &'static str,
    #[serde(rename = "DefaultTTL")]
    pub default_ttl: u32,
    #[serde(rename = "MinTTL")]
    pub min_ttl: u32,
    #[serde(rename = "MaxTTL")]
    pub max_ttl: u32,
    #[serde(rename = "ParametersInCacheKeyAndForwardedToOrigin")]
    pub cache_key: CacheKey,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct CacheKey {
    pub enable_accept_encoding_brotli: bool,
    pub enable_accept_encoding_gzip: bool,
    #[serde(flatten)]
    pub forwarded: ForwardedNothing,
}

/// No header, cookie or query string, neither in the cache key nor to the origin.
#[derive(Debug)]
pub(crate) struct ForwardedNothing;

impl Serialize for ForwardedNothing {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serde_json::json!({
            "CookiesConfig": { "CookieBehavior": "none" },
            "HeadersConfig": { "HeaderBehavior": "none" },
            "QueryStringsConfig": { "QueryStringBehavior": "none" },
        })
        .serialize(serializer)
    }
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ResponseHeadersPolicy {
    pub response_headers_policy_config: ResponseHeadersPolicyConfig,
}

impl Resource for ResponseHeadersPolicy {
    const TYPE: &'static str = "AWS::CloudFront::ResponseHeadersPolicy";
    type Attribute = NoAttribute;
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ResponseHeadersPolicyConfig {
    pub name: String,
    pub comment: &'static str,
    pub cors_config: ResponseHeadersCors,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ResponseHeadersCors {
    pub access_control_allow_credentials: bool,
    pub access_control_allow_headers: Items,
    pub access_control_allow_methods: Items,
    pub access_control_allow_origins: Items,
    pub access_control_expose_headers: Items,
    pub access_control_max_age_sec: u32,
    pub origin_override: bool,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Items {
    pub items: Vec<&'static str>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct PublicKey {
    pub public_key_config: PublicKeyConfig,
}

/// CloudFront cannot change a key in place, and URLs signed with one must work until they expire: a replaced key
/// stays. One that leaves the template has been retired, and is deleted: an account may hold few of them.
impl Resource for PublicKey {
    const TYPE: &'static str = "AWS::CloudFront::PublicKey";
    type Attribute = NoAttribute;
    const RETENTION: Retention = Retention::WhenReplaced;
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct PublicKeyConfig {
    pub caller_reference: String,
    pub name: String,
    pub comment: String,
    pub encoded_key: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct KeyGroup {
    pub key_group_config: KeyGroupConfig,
}

impl Resource for KeyGroup {
    const TYPE: &'static str = "AWS::CloudFront::KeyGroup";
    type Attribute = NoAttribute;
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct KeyGroupConfig {
    pub name: String,
    pub comment: String,
    pub items: Vec<Value<String>>,
}
