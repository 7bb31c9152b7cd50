//! `AWS::CloudFront::ResponseHeadersPolicy`.

use serde::Serialize;

use crate::cloudformation::resource::{NoAttribute, Resource};

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
