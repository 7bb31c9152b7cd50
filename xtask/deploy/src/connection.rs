//! Connections to AWS, or to the emulator of a local stack.

mod calls;
mod clients;

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, anyhow, bail};
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use serde::Deserialize;
use stack::Environment;

pub use self::calls::AwsCall;
use self::calls::CallReporter;
use crate::clock::Clock;
use crate::operator::Operator;

/// Where CloudFront has its metrics and requires its certificates:
/// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/programming-cloudwatch-metrics.html>.
const CLOUDFRONT_REGION: &str = "us-east-1";

/// Returns a unique token that identifies a request to AWS across retries.
pub fn request_token(purpose: &str) -> String {
    let nanoseconds = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
    format!("{purpose}-{nanoseconds}")
}

/// A connection to an AWS account.
pub struct Connection {
    /// The configuration for SDK clients.
    pub configuration: SdkConfig,
    /// The AWS account ID.
    pub account: String,
    /// The ARN of the user or assumed role that the credentials belong to.
    pub caller: String,
    /// Where a local stack serves what is deployed, or `None` for AWS.
    pub local: Option<LocalStack>,
    /// Receives reports and answers questions.
    pub operator: Arc<dyn Operator>,
}

/// A running local stack, as its `stack.json` describes it.
#[derive(Clone, Debug, Deserialize)]
pub struct LocalStack {
    /// The base URL of the API, which comes before `/restore`.
    pub api_url: String,
    /// The base URL of the CDN edge.
    pub cdn_url: String,
    /// The URL of the console.
    pub console_url: String,
    /// The base URL of the emulator.
    pub aws_endpoint_url: String,
    /// The URL of the platform's database.
    pub database_url: String,
    /// Whether its functions are built for Lambda, and not for development.
    #[serde(rename = "release")]
    pub is_release_build: bool,
}

/// The emulator of the AWS control plane.
#[derive(Clone, Debug)]
pub struct Emulator {
    /// The base URL of all services.
    pub endpoint_url: String,
    /// The credentials that the emulator accepts.
    pub credentials: Credentials,
}

/// Connects to the account of an environment, with the AWS SDK's default credential chain.
pub async fn connect(environment: &Environment, operator: Arc<dyn Operator>) -> Result<Connection> {
    connection(environment, loader(environment).load().await, operator).await
}

/// Connects to an emulator.
pub async fn connect_to_emulator(
    environment: &Environment,
    emulator: &Emulator,
    operator: Arc<dyn Operator>,
) -> Result<Connection> {
    let loader = loader(environment)
        .endpoint_url(&emulator.endpoint_url)
        .credentials_provider(emulator.credentials.clone());
    connection(environment, loader.load().await, operator).await
}

fn loader(environment: &Environment) -> aws_config::ConfigLoader {
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(5))
        .operation_attempt_timeout(Duration::from_mins(1))
        .build();
    let loader = aws_config::defaults(BehaviorVersion::v2026_01_12())
        .region(Region::new(environment.region.to_string()))
        .timeout_config(timeouts);
    // CloudFormation throttles early, so more attempts are allowed. The SDK's own environment variable takes
    // precedence.
    if std::env::var_os("AWS_MAX_ATTEMPTS").is_some() {
        return loader;
    }
    loader.retry_config(RetryConfig::standard().with_max_attempts(6))
}

async fn connection(
    environment: &Environment,
    configuration: SdkConfig,
    operator: Arc<dyn Operator>,
) -> Result<Connection> {
    let settings = aws_sdk_sts::config::Builder::from(&configuration);
    let settings = settings.interceptor(CallReporter::new(&operator));
    let client = aws_sdk_sts::Client::from_conf(settings.build());
    let identity = client.get_caller_identity().send().await;
    let profile = std::env::var("AWS_PROFILE").ok();
    let identity = identity.map_err(|error| without_identity(error.into(), profile.as_deref()))?;
    let account = identity.account.context("AWS returned no account for these credentials")?;
    let caller = identity.arn.context("AWS returned no user or role for these credentials")?;
    check_account(environment, &account)?;
    Ok(Connection { configuration, account, caller, local: None, operator })
}

/// Explains why the identity of the caller is not known.
fn without_identity(error: anyhow::Error, profile: Option<&str>) -> anyhow::Error {
    if !error.chain().any(<dyn std::error::Error>::is::<CredentialsError>) {
        return error.context("could not determine your AWS identity");
    }
    let message = match profile {
        Some(profile) => format!(
            "no credentials for profile \"{profile}\"; sign in (for example with `aws sso login --profile {profile}`), \
             or set AWS_PROFILE to another one: `aws configure list-profiles` lists them"
        ),
        None => {
            "no AWS credentials; sign in (for example with `aws sso login`) or set AWS_PROFILE, then run the \
                 command again"
                .to_owned()
        }
    };
    // The last place that is searched is the metadata service of EC2. That a laptop has none explains nothing.
    if error.chain().any(|cause| cause.to_string().contains("IMDS")) {
        return anyhow!(message);
    }
    error.context(message)
}

/// Rejects credentials for an account other than the one in the environment's file.
fn check_account(environment: &Environment, account: &str) -> Result<()> {
    match &environment.account {
        Some(expected) if expected.as_str() != account => bail!(
            "these credentials are for account {account}, but environment {} belongs to {expected}; \
             choose another AWS_PROFILE",
            environment.name
        ),
        _ => Ok(()),
    }
}

impl Connection {
    /// Reports which environment is about to be changed, and by which identity.
    pub fn announce(&self, environment: &Environment) {
        self.operator.note(&format!(
            "  environment {}, account {}, {}, as {}",
            environment.name, self.account, environment.region, self.caller
        ));
    }

    /// Returns a CloudWatch client for the metrics of CloudFront.
    pub fn cloudwatch_of_cloudfront(&self) -> aws_sdk_cloudwatch::Client {
        let settings = self.cloudwatch().config().to_builder().region(Region::from_static(CLOUDFRONT_REGION));
        aws_sdk_cloudwatch::Client::from_conf(settings.build())
    }

    /// Returns an ACM client for the certificates of CloudFront.
    pub fn acm_of_cloudfront(&self) -> aws_sdk_acm::Client {
        let settings = self.acm().config().to_builder().region(Region::from_static(CLOUDFRONT_REGION));
        aws_sdk_acm::Client::from_conf(settings.build())
    }

    /// Returns an S3 client.
    pub fn s3(&self) -> aws_sdk_s3::Client {
        aws_sdk_s3::Client::from_conf(self.s3_settings().build())
    }

    /// Returns an SSM client whose responses set `clock`.
    pub fn ssm_with(&self, clock: Clock) -> aws_sdk_ssm::Client {
        let settings = self.ssm().config().to_builder();
        aws_sdk_ssm::Client::from_conf(settings.interceptor(clock).build())
    }

    /// Returns an S3 client whose responses set `clock`.
    pub fn s3_with(&self, clock: Clock) -> aws_sdk_s3::Client {
        aws_sdk_s3::Client::from_conf(self.s3_settings().interceptor(clock).build())
    }

    /// Returns the settings for S3 clients.
    ///
    /// An endpoint other than AWS has no DNS name for each bucket, so path-style addressing is used.
    fn s3_settings(&self) -> aws_sdk_s3::config::Builder {
        aws_sdk_s3::config::Builder::from(&self.configuration)
            .interceptor(CallReporter::new(&self.operator))
            .force_path_style(self.configuration.endpoint_url().is_some())
    }

    /// Returns the URL of an object, for services that fetch it themselves.
    pub fn object_url(&self, bucket: &str, key: &str) -> String {
        match (self.configuration.endpoint_url(), self.configuration.region()) {
            (Some(endpoint), _) => format!("{}/{bucket}/{key}", endpoint.trim_end_matches('/')),
            (None, Some(region)) => format!("https://{bucket}.s3.{region}.amazonaws.com/{key}"),
            (None, None) => format!("https://{bucket}.s3.amazonaws.com/{key}"),
        }
    }
}

#[cfg(test)]
impl Connection {
    /// Returns a connection for tests, with an operator that discards all reports.
    pub(crate) fn for_test(configuration: SdkConfig) -> Self {
        Self {
            configuration,
            account: "123456789012".to_owned(),
            caller: "arn:aws:iam::123456789012:user/bob".to_owned(),
            local: None,
            operator: Arc::new(crate::operator::testing::SilentOperator),
        }
    }
}

#[cfg(test)]
mod tests {
    use anyhow::anyhow;
    use aws_credential_types::provider::error::CredentialsError;

    use super::{check_account, without_identity};

    #[test]
    fn missing_credentials_are_explained_by_the_profile_and_not_by_a_metadata_service() {
        let text = |cause: &str, profile| {
            let error = without_identity(CredentialsError::provider_error(cause.to_owned()).into(), profile);
            format!("{error:#}")
        };
        let nope = text("failed to load IMDS session token", Some("nope"));
        assert!(nope.starts_with("no credentials for profile \"nope\"; sign in"), "{nope}");
        assert!(!nope.contains("IMDS"), "{nope}");
        assert!(text("failed to load IMDS session token", None).starts_with("no AWS credentials; sign in"));
        let expired = text("the SSO token has expired", Some("dev"));
        assert!(expired.starts_with("no credentials for profile \"dev\""), "{expired}");
        assert!(expired.ends_with("the SSO token has expired"), "{expired}");

        let other = format!("{:#}", without_identity(anyhow!("ExpiredToken"), Some("dev")));
        assert_eq!(other, "could not determine your AWS identity: ExpiredToken");
    }

    #[test]
    fn environment_with_an_account_rejects_others() {
        let mut environment = command_line::environment::load("dev").unwrap();
        assert!(check_account(&environment, "111111111111").is_ok());
        environment.account = Some("222222222222".parse().unwrap());
        assert!(check_account(&environment, "222222222222").is_ok());
        let rejection = check_account(&environment, "111111111111").unwrap_err().to_string();
        assert!(rejection.contains("for account 111111111111, but environment dev belongs to 222222222222"));
    }
}
