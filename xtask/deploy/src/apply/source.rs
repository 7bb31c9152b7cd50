//! Passes templates to CloudFormation.

use anyhow::Result;
use stack::{DeployedTemplate, Environment};

use crate::artifact_bucket::{ArtifactBucket, Condition};
use crate::build::sha256;
use crate::connection::Connection;

/// The maximum size of a template in a request. A larger one must be in S3:
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html>.
const MAXIMUM_BODY_BYTES: usize = 51_200;

/// Where CloudFormation reads a template from.
pub(crate) enum TemplateSource {
    /// The request body.
    Body(String),
    /// An object in S3.
    Url(String),
}

/// Returns the template for a request.
///
/// A template that is too large for one is uploaded to the artifact bucket.
pub(crate) async fn template_source(
    environment: &Environment,
    connection: &Connection,
    template: &DeployedTemplate,
) -> Result<TemplateSource> {
    let text = template.as_value().to_string();
    if text.len() <= MAXIMUM_BODY_BYTES {
        return Ok(TemplateSource::Body(text));
    }
    let bucket = ArtifactBucket::new(environment, connection);
    let key = format!("{}/change-sets/{}.json", environment.service, sha256(text.as_bytes()));
    bucket.write(&key, text.into_bytes(), Condition::Absent).await?;
    Ok(TemplateSource::Url(connection.object_url(bucket.name(), &key)))
}
