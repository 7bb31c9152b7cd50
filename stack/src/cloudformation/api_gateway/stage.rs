//! `AWS::ApiGatewayV2::Stage`.

use serde::Serialize;

use crate::cloudformation::resource::{NoAttribute, Resource};
use crate::cloudformation::value::Value;

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
