//! `AWS::CloudFront::CachePolicy`.

use serde::Serialize;

use crate::cloudformation::resource::{NoAttribute, Resource};

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
