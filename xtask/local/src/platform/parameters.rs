//! Platform parameters: SSM parameters from which the service's stack reads where the platform's resources are.

use std::collections::BTreeMap;

use super::PlatformError;

/// Writes one String parameter per path, and overwrites existing ones.
pub async fn put_platform_parameters(
    ssm: &aws_sdk_ssm::Client,
    parameters: &BTreeMap<String, String>,
) -> Result<(), PlatformError> {
    for (path, value) in parameters {
        ssm.put_parameter()
            .name(path)
            .value(value)
            .r#type(aws_sdk_ssm::types::ParameterType::String)
            .overwrite(true)
            .send()
            .await
            .map_err(|error| PlatformError::Parameter {
                path: path.clone(),
                source: Box::new(error.into()),
            })?;
    }
    Ok(())
}
