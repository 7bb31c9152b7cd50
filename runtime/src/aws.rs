//! AWS clients, made on first use and once per container.

use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use tokio::sync::OnceCell;

use crate::configuration::Common;
use crate::region::region_of_bucket;

/// The AWS SDK's shared configuration and the S3 clients, which differ by region.
pub(crate) struct Aws {
    region: String,
    custom_s3_endpoint: bool,
    configuration: OnceCell<SdkConfig>,
}

impl Aws {
    /// Nothing is loaded before the first use.
    pub(crate) fn new(common: &Common) -> Self {
        Self {
            region: common.region.clone(),
            custom_s3_endpoint: common.s3_endpoint.is_some(),
            configuration: OnceCell::new(),
        }
    }

    /// The SDK's configuration: credentials, endpoint, time-outs and bounded retries.
    pub(crate) async fn configuration(&self) -> &SdkConfig {
        self.configuration
            .get_or_init(|| async {
                let timeouts = TimeoutConfig::builder()
                    .connect_timeout(Duration::from_secs(2))
                    .operation_attempt_timeout(Duration::from_secs(10))
                    .operation_timeout(Duration::from_secs(25))
                    .build();
                aws_config::defaults(BehaviorVersion::latest())
                    .region(Region::new(self.region.clone()))
                    .timeout_config(timeouts)
                    .retry_config(RetryConfig::standard().with_max_attempts(4))
                    .load()
                    .await
            })
            .await
    }

    /// The S3 client for the region of this bucket.
    pub(crate) async fn s3_for_bucket(&self, bucket: &str) -> aws_sdk_s3::Client {
        self.s3_in(region_of_bucket(bucket)).await
    }

    /// The S3 client for this region.
    pub(crate) async fn s3_in(&self, region: Region) -> aws_sdk_s3::Client {
        let configuration = self.configuration().await;
        let s3 = aws_sdk_s3::config::Builder::from(configuration)
            .region(region)
            // An endpoint that is not AWS's own has no DNS name for every bucket.
            .force_path_style(self.custom_s3_endpoint)
            .build();
        aws_sdk_s3::Client::from_conf(s3)
    }
}
