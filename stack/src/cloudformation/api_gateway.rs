//! `AWS::ApiGatewayV2`.

use serde::Serialize;

use super::resource::{NoAttribute, Resource, attributes};
use super::value::Value;

attributes!(ApiAttribute { ApiEndpoint });

/// An HTTP API that is imported from an OpenAPI document. Name and CORS come from the document too.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Api {
    pub body: serde_json::Value,
    pub fail_on_warnings: bool,
}

impl Resource for Api {
    const TYPE: &'static str = "AWS::ApiGatewayV2::Api";
    type Attribute = ApiAttribute;
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Stage {
    pub api_id: Value<String>,
    pub stage_name: &'static str,
    pub auto_deploy: bool,
    pub access_log_settings: AccessLogSettings,
    pub default_route_settings: DefaultRouteSettings,
}

impl Resource for Stage {
    const TYPE: &'static str = "AWS::ApiGatewayV2::Stage";
    type Attribute = NoAttribute;
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct AccessLogSettings {
    pub destination_arn: Value<String>,
    pub format: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct DefaultRouteSettings {
    pub detailed_metrics_enabled: bool,
    pub throttling_burst_limit: u32,
    pub throttling_rate_limit: u32,
}

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
