//! Deployed functions and their code.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_lc_rs::digest;
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use serde::Deserialize;

use super::{ControlPlane, ControlPlaneError, FunctionArn, FunctionName, refuse_if};

/// Size limit of the zip archive, in bytes: Lambda limits its unzipped content to 250 MB.
const MAXIMUM_CODE_BYTES: usize = 250 * 1024 * 1024;

/// The revision of a function's deployment, which changes with its code and its configuration.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct FunctionRevision(String);

impl FunctionRevision {
    /// Creates a revision from a text, for a function that was not deployed.
    pub fn new(text: &str) -> Self {
        Self(text.to_owned())
    }
}

/// A deployed function with its code.
///
/// It does not implement `Debug`, because its variables may contain secrets.
#[derive(Clone)]
pub struct DeployedFunction {
    /// ARN without a qualifier.
    pub arn: FunctionArn,
    /// Revision of the deployment.
    pub revision: FunctionRevision,
    /// Handler name that Lambda passes to the bootstrap. Our functions ignore it.
    pub handler: String,
    /// Timeout of one invocation.
    pub timeout: Duration,
    /// Memory in MB. It is passed to the function but not enforced.
    pub memory_megabytes: u32,
    /// ARN of its role.
    pub role: String,
    /// Name of the log group.
    pub log_group: String,
    /// `JSON` or `Text`.
    pub log_format: String,
    /// Whether Lambda samples its invocations by itself.
    pub has_active_tracing: bool,
    /// Environment variables.
    pub environment: BTreeMap<String, String>,
    /// The deployed zip archive.
    pub code: Bytes,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Response {
    configuration: Configuration,
    code: Code,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Configuration {
    function_arn: String,
    revision_id: FunctionRevision,
    runtime: String,
    role: String,
    handler: String,
    package_type: String,
    code_sha256: String,
    timeout: u32,
    memory_size: u32,
    #[serde(default)]
    environment: Environment,
    #[serde(default)]
    layers: Vec<serde_json::Value>,
    logging_config: LoggingConfiguration,
    #[serde(default)]
    tracing_config: TracingConfiguration,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase")]
struct Environment {
    #[serde(default)]
    variables: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct LoggingConfiguration {
    log_format: String,
    log_group: String,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase")]
struct TracingConfiguration {
    #[serde(default)]
    mode: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Code {
    location: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Revision {
    revision_id: FunctionRevision,
}

impl ControlPlane {
    /// Reads the current revision of a function with one small request, without the code.
    pub async fn function_revision(
        &self,
        name: &FunctionName,
    ) -> Result<FunctionRevision, ControlPlaneError> {
        let what = format!("the configuration of function {name}");
        let path = format!("/2015-03-31/functions/{name}/configuration");
        let response: Revision = self.describe(&what, "lambda", &path, &[]).await?;
        Ok(response.revision_id)
    }

    /// Reads a function and downloads its deployed code.
    pub async fn function(&self, name: &FunctionName) -> Result<DeployedFunction, ControlPlaneError> {
        let what = format!("function {name}");
        let path = format!("/2015-03-31/functions/{name}");
        let response: Response = self.describe(&what, "lambda", &path, &[]).await?;
        let configuration = check(&what, response.configuration)?;
        let arn = configuration
            .function_arn
            .parse()
            .map_err(|source| ControlPlaneError::InvalidArn { what: what.clone(), source })?;

        let request = self.client.get(&response.code.location);
        let code = self.fetch(&format!("the code of {what}"), request, MAXIMUM_CODE_BYTES).await?;
        let actual = BASE64.encode(digest::digest(&digest::SHA256, &code));
        if actual != configuration.code_sha256 {
            let expected = configuration.code_sha256;
            return Err(ControlPlaneError::CodeMismatch { name: name.clone(), actual, expected });
        }

        Ok(DeployedFunction {
            arn,
            revision: configuration.revision_id,
            handler: configuration.handler,
            timeout: Duration::from_secs(configuration.timeout.into()),
            memory_megabytes: configuration.memory_size,
            role: configuration.role,
            log_group: configuration.logging_config.log_group,
            log_format: configuration.logging_config.log_format,
            has_active_tracing: configuration.tracing_config.mode == "Active",
            environment: configuration.environment.variables,
            code,
        })
    }
}

/// Rejects a configuration that the function pool cannot run.
fn check(what: &str, configuration: Configuration) -> Result<Configuration, ControlPlaneError> {
    refuse_if(
        configuration.package_type != "Zip",
        what,
        format!("package type {}", configuration.package_type),
    )?;
    refuse_if(
        !configuration.runtime.starts_with("provided."),
        what,
        format!("runtime {}", configuration.runtime),
    )?;
    refuse_if(!configuration.layers.is_empty(), what, "a layer")?;
    Ok(configuration)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn configuration(
        change: impl FnOnce(&mut serde_json::Value),
    ) -> Result<Configuration, ControlPlaneError> {
        let mut configuration = serde_json::json!({
            "FunctionArn": "arn:aws:lambda:us-east-1:000000000000:function:api",
            "RevisionId": "1", "Runtime": "provided.al2023", "Role": "arn:aws:iam::000000000000:role/api", "Handler": "bootstrap", "PackageType": "Zip",
            "CodeSha256": "", "Timeout": 29, "MemorySize": 512, "Layers": [],
            "LoggingConfig": {"LogFormat": "JSON", "LogGroup": "/aws/lambda/api"},
        });
        change(&mut configuration);
        check("function api", serde_json::from_value(configuration).unwrap())
    }

    #[test]
    fn function_without_variables_is_valid() {
        assert!(configuration(|_| ()).unwrap().environment.variables.is_empty());
    }

    #[test]
    fn unsupported_function_feature_is_rejected_by_name() {
        for (key, value, feature) in [
            ("PackageType", serde_json::json!("Image"), "package type Image"),
            ("Runtime", serde_json::json!("nodejs24.x"), "runtime nodejs24.x"),
            ("Layers", serde_json::json!([{"Arn": "a"}]), "a layer"),
        ] {
            let error = configuration(|c| c[key] = value).err().unwrap().to_string();
            assert!(error.contains(feature), "{error}");
        }
    }
}
