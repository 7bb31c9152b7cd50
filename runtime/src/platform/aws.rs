//! AWS clients, made on first use and once per container.

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
use crate::configuration::Common;
use crate::platform::region::{BucketRegions, UnknownRegion};

/// How long a call may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Patience {
    /// A caller waits, and the gateway waits 30 seconds at the most.
    Caller,
    /// Nobody waits, and giving up costs a message a receive.
    Queue,
}

impl Patience {
    /// How long it may take to connect to the database.
    pub(crate) fn connect_time(self) -> Duration {
        Duration::from_secs(match self {
            Self::Caller => 4,
            Self::Queue => 15,
        })
    }

    fn timeouts(self) -> TimeoutConfig {
        let (connect, attempt, operation) = match self {
            Self::Caller => (1, 3, 8),
            Self::Queue => (2, 10, 25),
        };
        TimeoutConfig::builder()
            .connect_timeout(Duration::from_secs(connect))
            .operation_attempt_timeout(Duration::from_secs(attempt))
            .operation_timeout(Duration::from_secs(operation))
            .build()
    }

    fn retries(self) -> RetryConfig {
        RetryConfig::standard().with_max_attempts(match self {
            Self::Caller => 3,
            Self::Queue => 4,
        })
    }
}

/// The AWS SDK's shared configuration and the S3 clients, which differ by region.
pub(crate) struct Aws {
    region: String,
    custom_s3_endpoint: bool,
    patience: Patience,
    configuration: OnceCell<SdkConfig>,
    /// Each client has connections of its own, so that a new one would shake hands anew.
    s3: Mutex<HashMap<Region, aws_sdk_s3::Client>>,
    bucket_regions: BucketRegions,
}

impl Aws {
    /// Nothing is loaded before the first use.
    pub(crate) fn new(common: &Common, patience: Patience) -> Self {
        Self {
            region: common.region.clone(),
            custom_s3_endpoint: common.s3_endpoint.is_some(),
            patience,
            configuration: OnceCell::new(),
            s3: Mutex::default(),
            bucket_regions: BucketRegions::default(),
        }
    }

    /// With a configuration that is not read from the process's surroundings.
    #[cfg(test)]
    pub(crate) fn with_configuration(common: &Common, patience: Patience, configuration: SdkConfig) -> Self {
        Self { configuration: OnceCell::new_with(Some(configuration)), ..Self::new(common, patience) }
    }

    /// How long a call may take.
    pub(crate) fn patience(&self) -> Patience {
        self.patience
    }

    /// The SDK's configuration: credentials, endpoint, time-outs and bounded retries.
    pub(crate) async fn configuration(&self) -> &SdkConfig {
        self.configuration
            .get_or_init(|| async {
                let configuration = aws_config::defaults(BehaviorVersion::latest())
                    .region(Region::new(self.region.clone()))
                    .timeout_config(self.patience.timeouts())
                    .retry_config(self.patience.retries())
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

    /// When the credentials that sign now expire, where that is known.
    pub(crate) async fn credentials_expire_at(&self) -> Option<SystemTime> {
        let provider = self.configuration().await.credentials_provider()?;
        // Without credentials nothing can be signed, which says so itself.
        provider.provide_credentials().await.ok()?.expiry()
    }

    /// The S3 client for the region of this bucket.
    pub(crate) async fn s3_for_bucket(&self, bucket: &str) -> Result<aws_sdk_s3::Client, UnknownRegion> {
        let anywhere = async || self.s3_in(Region::new(self.region.clone())).await;
        let region = self.bucket_regions.region_of(bucket, anywhere).await?;
        Ok(self.s3_in(region).await)
    }

    /// The S3 client for this region.
    pub(crate) async fn s3_in(&self, region: Region) -> aws_sdk_s3::Client {
        let configuration = self.configuration().await;
        let mut clients = self.s3.lock().unwrap_or_else(PoisonError::into_inner);
        let client = clients.entry(region.clone()).or_insert_with(|| {
            let s3 = aws_sdk_s3::config::Builder::from(configuration)
                .region(region)
                // An endpoint that is not AWS's own has no DNS name for every bucket.
                .force_path_style(self.custom_s3_endpoint)
                .build();
            aws_sdk_s3::Client::from_conf(s3)
        });
        client.clone()
    }
}

#[cfg(test)]
mod tests {
    use aws_config::Region;

    use super::{Aws, Patience};
    use crate::configuration::{Common, Variables};

    #[tokio::test]
    async fn a_region_has_one_client() {
        let common = Common::read(&Variables::from_pairs([("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:1")]));
        let aws = Aws::new(&common, Patience::Caller);
        for region in ["us-east-1", "eu-west-1", "us-east-1"] {
            let client = aws.s3_in(Region::new(region)).await;
            assert_eq!(client.config().region().map(Region::as_ref), Some(region));
        }
        assert_eq!(aws.s3.lock().unwrap().len(), 2);
    }
}
