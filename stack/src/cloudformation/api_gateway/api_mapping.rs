//! `AWS::ApiGatewayV2::ApiMapping`.

use serde::Serialize;

use crate::cloudformation::resource::{NoAttribute, Resource};
use crate::cloudformation::value::Value;

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ApiMapping {
    pub api_id: Value<String>,
    pub api_mapping_key: String,
    pub domain_name: Value<String>,
    pub stage: Value<String>,
}

impl Resource for ApiMapping {
    const TYPE: &'static str = "AWS::ApiGatewayV2::ApiMapping";
    type Attribute = NoAttribute;
}
