//! Connecting to AWS, or to the emulator of a local stack that runs.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, bail};
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use stack::Environment;

use crate::clock::Clock;
use crate::stack_file::StackFile;
use crate::terminal;

/// A token by which AWS knows a repeated request for the same: nobody else, and no later request, has it.
pub(crate) fn request_token(purpose: &str) -> String {
    let nanoseconds = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
    format!("{purpose}-{nanoseconds}")
}

/// An account and how to reach it.
pub(crate) struct Connection {
    /// For making clients.
    pub(crate) configuration: SdkConfig,
    /// The account's number.
    pub(crate) account: String,
    /// Who we are to AWS: the ARN of a user or of an assumed role.
    pub(crate) caller: String,
}

/// Connect to the account of an environment, with the AWS SDK's usual chain of credentials. The environment of the local
/// stack is reached at the endpoint that the running stack has written down, unless `AWS_ENDPOINT_URL` says otherwise.
pub(crate) async fn connect(environment: &Environment) -> Result<Connection> {
    let mut loader = loader(environment);
    if environment.name.as_str() == ::local::ENVIRONMENT && std::env::var_os("AWS_ENDPOINT_URL").is_none() {
        let stack = StackFile::read_running()?;
        loader = at_emulator(loader, &stack.aws_endpoint_url);
    }
    connection(environment, loader.load().await).await
}

/// Connect to the emulator at this endpoint.
pub(crate) async fn connect_to_emulator(environment: &Environment, endpoint: &str) -> Result<Connection> {
    connection(environment, at_emulator(loader(environment), endpoint).load().await).await
}

fn loader(environment: &Environment) -> aws_config::ConfigLoader {
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(5))
        .operation_attempt_timeout(Duration::from_mins(1))
        .build();
    let loader = aws_config::defaults(BehaviorVersion::latest())
        .region(Region::new(environment.region.to_string()))
        .timeout_config(timeouts);
    // CloudFormation throttles early. What the SDK's own variable says counts for more.
    if std::env::var_os("AWS_MAX_ATTEMPTS").is_some() {
        return loader;
    }
    loader.retry_config(RetryConfig::standard().with_max_attempts(6))
}

fn at_emulator(loader: aws_config::ConfigLoader, endpoint: &str) -> aws_config::ConfigLoader {
    let credentials = Credentials::new(
        ::local::emulator::ACCESS_KEY_ID,
        ::local::emulator::SECRET_ACCESS_KEY,
        None,
        None,
        "local stack",
    );
    loader.endpoint_url(endpoint).credentials_provider(credentials)
}

async fn connection(environment: &Environment, configuration: SdkConfig) -> Result<Connection> {
    let identity = aws_sdk_sts::Client::new(&configuration).get_caller_identity().send().await;
    let identity = identity.context(
        "AWS does not tell who you are; sign in (for example `aws sso login`) or set AWS_PROFILE, and try again",
    )?;
    let account = identity.account.context("AWS names no account for these credentials")?;
    let caller = identity.arn.context("AWS names no user or role for these credentials")?;
    check_account(environment, &account)?;
    Ok(Connection { configuration, account, caller })
}

/// Refuse credentials for another account than the one that the environment's file pins.
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
    /// Say what is about to be changed, and by whom, before anything happens.
    pub(crate) fn announce(&self, environment: &Environment) {
        terminal::say(format!(
            "  environment {}, account {}, {}, as {}",
            environment.name, self.account, environment.region, self.caller
        ));
    }

    /// An S3 client.
    pub(crate) fn s3(&self) -> aws_sdk_s3::Client {
        aws_sdk_s3::Client::from_conf(self.s3_settings().build())
    }

    /// An S3 client whose answers this clock reads the time off.
    pub(crate) fn s3_with(&self, clock: Clock) -> aws_sdk_s3::Client {
        aws_sdk_s3::Client::from_conf(self.s3_settings().interceptor(clock).build())
    }

    /// An endpoint that is not AWS's own has no DNS name for every bucket, so it is addressed by path.
    fn s3_settings(&self) -> aws_sdk_s3::config::Builder {
        aws_sdk_s3::config::Builder::from(&self.configuration)
            .force_path_style(self.configuration.endpoint_url().is_some())
    }

    /// The URL of an object, for services that fetch it themselves.
    pub(crate) fn object_url(&self, bucket: &str, key: &str) -> String {
        match (self.configuration.endpoint_url(), self.configuration.region()) {
            (Some(endpoint), _) => format!("{}/{bucket}/{key}", endpoint.trim_end_matches('/')),
            (None, Some(region)) => format!("https://{bucket}.s3.{region}.amazonaws.com/{key}"),
            (None, None) => format!("https://{bucket}.s3.amazonaws.com/{key}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::check_account;

    #[test]
    fn an_environment_that_pins_its_account_takes_no_other() {
        let mut environment = crate::environment::load("dev").unwrap();
        assert!(check_account(&environment, "111111111111").is_ok());
        environment.account = Some("222222222222".parse().unwrap());
        assert!(check_account(&environment, "222222222222").is_ok());
        let refusal = check_account(&environment, "111111111111").unwrap_err().to_string();
        assert!(refusal.contains("for account 111111111111, but environment dev belongs to 222222222222"));
    }
}
