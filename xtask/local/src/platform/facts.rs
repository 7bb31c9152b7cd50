//! Platform parameters: SSM parameters that tell the service's stack where the platform's resources are.

use std::collections::BTreeMap;

use super::PlatformError;

/// Writes one String parameter per path, and overwrites existing ones.
pub async fn put_facts(
    ssm: &aws_sdk_ssm::Client,
    facts: &BTreeMap<String, String>,
) -> Result<(), PlatformError> {
    for (path, value) in facts {
        ssm.put_parameter()
            .name(path)
            .value(value)
            .r#type(aws_sdk_ssm::types::ParameterType::String)
            .overwrite(true)
            .send()
            .await
            .map_err(|error| PlatformError::Fact { path: path.clone(), source: Box::new(error.into()) })?;
    }
    Ok(())
}
