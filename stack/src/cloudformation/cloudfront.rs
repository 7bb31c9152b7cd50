//! `AWS::CloudFront`.

mod cache_policy;
mod distribution;
mod key_group;
mod origin_access_control;
mod public_key;
mod response_headers_policy;

pub(crate) use cache_policy::{CacheKey, CachePolicy, CachePolicyConfig, ForwardedNothing, TtlSeconds};
pub(crate) use distribution::{
    AliasCertificate, CacheBehavior, DefaultCertificate, Distribution, DistributionAttribute,
    DistributionConfig, Origin, S3OriginConfig, ViewerCertificate,
};
pub(crate) use key_group::{KeyGroup, KeyGroupConfig};
pub(crate) use origin_access_control::{OriginAccessControl, OriginAccessControlConfig};
pub(crate) use public_key::{PublicKey, PublicKeyConfig};
pub(crate) use response_headers_policy::{
    CustomHeader, CustomHeaders, Items, ResponseHeadersCors, ResponseHeadersPolicy,
    ResponseHeadersPolicyConfig,
};
