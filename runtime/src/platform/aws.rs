//! AWS clients, created on first use, once per container.

mod credentials;

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use aws_config::identity::IdentityCache;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use tokio::sync::OnceCell;

use self::credentials::KeptCredentials;
use super::region::{BucketRegions, UnknownRegion};
use crate::configuration::Common;
use crate::telemetry::CallRecorder;

/// The time limits of calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TimeLimits {
    /// A client waits for a response. The gateway waits at most 30 seconds.
    ForRequests,
    /// Nobody waits.
    ///
    /// A time limit fails a message, which brings it closer to the dead-letter queue.
    ForMessages,
}

impl TimeLimits {
    /// Returns the time limit for connecting to the database.
    pub(crate) fn connect_time(self) -> Duration {
        Duration::from_secs(match self {
            Self::ForRequests => 4,
            Self::ForMessages => 15,
        })
    }

    fn timeouts(self) -> TimeoutConfig {
        let (connect, attempt, operation) = match self {
            Self::ForRequests => (1, 3, 8),
            Self::ForMessages => (2, 10, 25),
        };
        TimeoutConfig::builder()
            .connect_timeout(Duration::from_secs(connect))
            .operation_attempt_timeout(Duration::from_secs(attempt))
            .operation_timeout(Duration::from_secs(operation))
            .build()
    }

    fn retries(self) -> RetryConfig {
        RetryConfig::standard().with_max_attempts(match self {
            Self::ForRequests => 3,
            Self::ForMessages => 4,
        })
    }
}

/// The configuration of the AWS SDK and the clients that several modules use.
pub(crate) struct Aws {
    region: String,
    custom_s3_endpoint: bool,
    limits: TimeLimits,
    configuration: OnceCell<SdkConfig>,
    /// By region. Each client has its own connections, so a client is kept.
    s3: Mutex<HashMap<Region, aws_sdk_s3::Client>>,
    bucket_regions: BucketRegions,
    sqs: OnceCell<aws_sdk_sqs::Client>,
}

impl Aws {
    /// Creates the clients without loading the configuration.
    pub(crate) fn new(common: &Common, limits: TimeLimits) -> Self {
        Self {
            region: common.region.clone(),
            custom_s3_endpoint: common.s3_endpoint.is_some(),
            limits,
            configuration: OnceCell::new(),
            s3: Mutex::default(),
            bucket_regions: BucketRegions::default(),
            sqs: OnceCell::new(),
        }
    }

    /// Creates the clients with a given configuration.
    #[cfg(test)]
    pub(crate) fn with_configuration(common: &Common, limits: TimeLimits, configuration: SdkConfig) -> Self {
        Self { configuration: OnceCell::new_with(Some(configuration)), ..Self::new(common, limits) }
    }

    pub(crate) fn limits(&self) -> TimeLimits {
        self.limits
    }

    /// Returns the configuration of the SDK.
    pub(crate) async fn configuration(&self) -> &SdkConfig {
        self.configuration
            .get_or_init(|| async {
                let configuration = aws_config::defaults(BehaviorVersion::v2026_01_12())
                    .region(Region::new(self.region.clone()))
                    .timeout_config(self.limits.timeouts())
                    .retry_config(self.limits.retries())
                    .identity_cache(IdentityCache::no_cache())
                    .load()
                    .await;
                match configuration.credentials_provider() {
                    Some(provider) => {
                        let kept = SharedCredentialsProvider::new(KeptCredentials::new(provider));
                        configuration.into_builder().credentials_provider(kept).build()
                    }
                    None => configuration,
                }
            })
            .await
    }

    /// Returns when the credentials of the function expire, if that is known.
    pub(crate) async fn credentials_expire_at(&self) -> Option<SystemTime> {
        let provider = self.configuration().await.credentials_provider()?;
        // Without credentials, signing fails with an error of its own.
        provider.provide_credentials().await.ok()?.expiry()
    }

    /// Returns the S3 client for the region of a bucket.
    pub(crate) async fn s3_for_bucket(&self, bucket: &str) -> Result<aws_sdk_s3::Client, UnknownRegion> {
        let anywhere = async || self.s3_in(Region::new(self.region.clone())).await;
        let region = self.bucket_regions.region_of(bucket, anywhere).await?;
        Ok(self.s3_in(region).await)
    }

    /// Returns the S3 client for a region.
    pub(crate) async fn s3_in(&self, region: Region) -> aws_sdk_s3::Client {
        let configuration = self.configuration().await;
        let mut clients = self.s3.lock().unwrap_or_else(PoisonError::into_inner);
        let client = clients.entry(region.clone()).or_insert_with(|| {
            let s3 = aws_sdk_s3::config::Builder::from(configuration)
                .region(region)
                .interceptor(CallRecorder)
                // Only AWS has a DNS name for every bucket.
                .force_path_style(self.custom_s3_endpoint)
                .build();
            aws_sdk_s3::Client::from_conf(s3)
        });
        client.clone()
    }

    /// Returns the SQS client.
    pub(crate) async fn sqs(&self) -> &aws_sdk_sqs::Client {
        let create = async || {
            let configuration = aws_sdk_sqs::config::Builder::from(self.configuration().await);
            aws_sdk_sqs::Client::from_conf(configuration.interceptor(CallRecorder).build())
        };
        self.sqs.get_or_init(create).await
    }

    /// Creates a client of the Parameter Store.
    pub(crate) async fn ssm(&self) -> aws_sdk_ssm::Client {
        let configuration = aws_sdk_ssm::config::Builder::from(self.configuration().await);
        aws_sdk_ssm::Client::from_conf(configuration.interceptor(CallRecorder).build())
    }

    /// Creates a client of DynamoDB.
    pub(crate) async fn dynamodb(&self) -> aws_sdk_dynamodb::Client {
        let configuration = aws_sdk_dynamodb::config::Builder::from(self.configuration().await);
        aws_sdk_dynamodb::Client::from_conf(configuration.interceptor(CallRecorder).build())
    }
}

#[cfg(test)]
mod tests {
    use aws_config::Region;

    use super::{Aws, TimeLimits};
    use crate::configuration::{Common, Variables};

    #[tokio::test]
    async fn region_has_one_client() {
        let common = Common::read(&Variables::from_pairs([("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:1")]));
        let aws = Aws::new(&common, TimeLimits::ForRequests);
        for region in ["us-east-1", "eu-west-1", "us-east-1"] {
            let client = aws.s3_in(Region::new(region)).await;
            assert_eq!(client.config().region().map(Region::as_ref), Some(region));
        }
        assert_eq!(aws.s3.lock().unwrap().len(), 2);
    }
}
