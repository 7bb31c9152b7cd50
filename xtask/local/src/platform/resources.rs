//! The platform's queue, table and bucket.

use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType,
};
use aws_sdk_s3::types::{BucketVersioningStatus, CorsConfiguration, CorsRule, VersioningConfiguration};
use aws_sdk_sqs::types::QueueAttributeName;

use super::PlatformError;

/// The queue for jobs of the platform, including changelog events.
pub const JOBS_QUEUE: &str = "local-jobs-queue-use1";
/// The table of delete records, keyed by node id.
pub const DELETE_RECORD_TABLE: &str = "local-process-jobs-table-use1";
/// The bucket with the files of packages.
pub const STORAGE_BUCKET: &str = "pennsieve-local-storage-use1";

/// The platform's resources for the packages service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlatformResources {
    /// URL of the jobs queue.
    pub jobs_queue_url: String,
    /// ARN of the jobs queue.
    pub jobs_queue_arn: String,
    /// Name of the table of the delete records.
    pub delete_record_table: String,
    /// Name of the storage bucket.
    pub storage_bucket: String,
}

/// Creates the platform's resources that do not exist yet.
pub async fn create_resources(
    sqs: &aws_sdk_sqs::Client,
    dynamodb: &aws_sdk_dynamodb::Client,
    s3: &aws_sdk_s3::Client,
) -> Result<PlatformResources, PlatformError> {
    let (jobs_queue_url, jobs_queue_arn) = create_jobs_queue(sqs).await.map_err(failed("jobs queue"))?;
    create_delete_record_table(dynamodb).await.map_err(failed("table of delete records"))?;
    create_storage_bucket(s3).await.map_err(failed("storage bucket"))?;
    Ok(PlatformResources {
        jobs_queue_url,
        jobs_queue_arn,
        delete_record_table: DELETE_RECORD_TABLE.to_owned(),
        storage_bucket: STORAGE_BUCKET.to_owned(),
    })
}

/// Creates the jobs queue.
///
/// CreateQueue with the same attributes returns an existing queue.
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_CreateQueue.html>
async fn create_jobs_queue(sqs: &aws_sdk_sqs::Client) -> Result<(String, String), aws_sdk_sqs::Error> {
    let created = sqs.create_queue().queue_name(JOBS_QUEUE).send().await?;
    let url = created.queue_url.unwrap_or_default();
    let attributes = sqs
        .get_queue_attributes()
        .queue_url(&url)
        .attribute_names(QueueAttributeName::QueueArn)
        .send()
        .await?;
    let arn = attributes.attributes.and_then(|mut all| all.remove(&QueueAttributeName::QueueArn));
    Ok((url, arn.unwrap_or_default()))
}

async fn create_delete_record_table(
    dynamodb: &aws_sdk_dynamodb::Client,
) -> Result<(), aws_sdk_dynamodb::Error> {
    let created = dynamodb
        .create_table()
        .table_name(DELETE_RECORD_TABLE)
        .billing_mode(BillingMode::PayPerRequest)
        .key_schema(KeySchemaElement::builder().attribute_name("NodeId").key_type(KeyType::Hash).build()?)
        .attribute_definitions(
            AttributeDefinition::builder()
                .attribute_name("NodeId")
                .attribute_type(ScalarAttributeType::S)
                .build()?,
        )
        .send()
        .await;
    match created.map_err(aws_sdk_dynamodb::Error::from) {
        Ok(_) | Err(aws_sdk_dynamodb::Error::ResourceInUseException(_)) => Ok(()),
        Err(error) => Err(error),
    }
}

async fn create_storage_bucket(s3: &aws_sdk_s3::Client) -> Result<(), aws_sdk_s3::Error> {
    let created = s3.create_bucket().bucket(STORAGE_BUCKET).send().await;
    match created.map_err(aws_sdk_s3::Error::from) {
        Ok(_) | Err(aws_sdk_s3::Error::BucketAlreadyOwnedByYou(_)) => {}
        Err(error) => return Err(error),
    }
    // With versioning, a deletion adds a delete marker, which a restore removes.
    s3.put_bucket_versioning()
        .bucket(STORAGE_BUCKET)
        .versioning_configuration(
            VersioningConfiguration::builder().status(BucketVersioningStatus::Enabled).build(),
        )
        .send()
        .await?;
    // Browsers read files by presigned URLs, also after a redirect, which has no origin.
    let methods = ["GET", "HEAD"].map(str::to_owned).to_vec();
    let rule =
        CorsRule::builder().allowed_origins("*").allowed_headers("*").set_allowed_methods(Some(methods));
    let rules = CorsConfiguration::builder().cors_rules(rule.build()?).build()?;
    s3.put_bucket_cors().bucket(STORAGE_BUCKET).cors_configuration(rules).send().await?;
    Ok(())
}

fn failed<E>(resource: &'static str) -> impl FnOnce(E) -> PlatformError
where
    E: std::error::Error + Send + Sync + 'static,
{
    move |source| PlatformError::Resource { resource, source: Box::new(source) }
}
