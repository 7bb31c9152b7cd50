//! `AWS::Lambda::Function`.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::cloudformation::resource::{Resource, attributes};
use crate::cloudformation::value::Value;
use crate::environment::Architecture;

attributes!(FunctionAttribute { Arn });

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Function {
    pub function_name: String,
    pub description: &'static str,
    pub runtime: &'static str,
    pub handler: &'static str,
    pub architectures: [Architecture; 1],
    pub code: Code,
    pub role: Value<String>,
    pub memory_size: u32,
    pub timeout: u32,
    pub environment: FunctionEnvironment,
    pub logging_config: LoggingConfig,
    pub tracing_config: TracingConfig,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vpc_config: Option<VpcConfig>,
}

impl Resource for Function {
    const TYPE: &'static str = "AWS::Lambda::Function";
    type Attribute = FunctionAttribute;
}

#[derive(Debug, Serialize)]
pub(crate) struct Code {
    #[serde(rename = "S3Bucket")]
    pub bucket: String,
    #[serde(rename = "S3Key")]
    pub key: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct FunctionEnvironment {
    pub variables: BTreeMap<&'static str, Value<String>>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct LoggingConfig {
    pub application_log_level: &'static str,
    pub log_format: &'static str,
    pub log_group: Value<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct TracingConfig {
    pub mode: &'static str,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct VpcConfig {
    pub security_group_ids: Value<Vec<String>>,
    pub subnet_ids: Value<Vec<String>>,
}
