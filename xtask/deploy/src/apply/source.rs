//! Handing a template to CloudFormation.

use anyhow::Result;
use stack::{DeployedTemplate, Environment};

use crate::artifact_bucket::{ArtifactBucket, Condition};
use crate::build::sha256;
use crate::connection::Connection;

/// The largest template that goes into a request; a larger one is fetched from S3:
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html>.
const MAXIMUM_BODY_BYTES: usize = 51_200;

/// A template as CloudFormation takes it.
pub(crate) enum TemplateSource {
    /// In the request.
    Body(String),
    /// From S3.
    Url(String),
}

/// The template as CloudFormation takes it: in the request, or from the artifact bucket where it is too large for that.
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
