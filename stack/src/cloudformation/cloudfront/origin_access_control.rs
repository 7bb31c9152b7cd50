//! `AWS::CloudFront::OriginAccessControl`.

use serde::Serialize;

use crate::cloudformation::resource::{NoAttribute, Resource};

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
