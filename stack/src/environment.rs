//! Environments: what differs between deployments of the system.

mod error;
mod platform_parameter;
mod propagation;
mod setting;
mod string_types;

pub(crate) use string_types::string_types;

use std::num::NonZeroU16;

use openapi::HashAlgorithm;
use serde::{Deserialize, Serialize};

use crate::cloudformation::Number;
use crate::function_name::FunctionName;

pub use error::EnvironmentError;
pub use platform_parameter::PlatformParameterKind;
pub(crate) use platform_parameter::PlatformParameterType;
pub use propagation::PropagationTime;
pub use setting::{ParameterPath, Setting};
pub use string_types::{
    AccountId, Arn, BucketName, DomainName, EnvironmentName, FunctionArn, HeaderName, InvalidValue, KeyArn,
    Origin, ParameterName, PolicyArn, ProxyId, QueueArn, Region, RegionShortName, RoleArn, SecurityGroupId,
    ServiceName, SubnetId, Suffix, TableName, Text, Url,
};

/// An environment, as its file in `stack/environments` describes it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Environment {
    /// The environment's name, which is also the name of the file.
    pub name: EnvironmentName,
    /// The service's name, a part of most resource names.
    pub service: ServiceName,
    /// Where it is deployed.
    pub region: Region,
    /// The region as it is written in resource names, such as `use1`.
    pub region_short: RegionShortName,
    /// A suffix of every resource name and of the API's mapping key, which separates an installation from an older one in
    /// the same account.
    pub suffix: Option<Suffix>,
    /// The account that it must be deployed to, if any.
    pub account: Option<AccountId>,
    /// Whether the stack must not be destroyed, and retiring signing keys stay trusted for the full overlap.
    pub protected: bool,
    /// For how many minutes after a deployment an alarm still rolls it back; without it, 5 where the environment is
    /// protected, and none elsewhere.
    pub rollback_monitoring_minutes: Option<MonitoringMinutes>,
    /// The bucket of the functions' code and the release manifests.
    pub artifact_bucket: BucketName,
    /// The platform's domain.
    pub platform_domain: DomainName,
    /// The permissions boundary of the functions' roles.
    pub permissions_boundary: Option<PolicyArn>,
    /// The processor architecture of the functions.
    pub architecture: Architecture,
    /// The least severe level that the functions log.
    pub log_level: LogLevel,
    /// How many batches of restores run at the same time.
    pub restore_concurrency: RestoreConcurrency,
    /// After how many days without a new signing key the alarm goes off.
    pub signing_key_rotation_days: NonZeroU16,
    /// The hash algorithm of signatures, where it is not the default of the key: SHA-1 for RSA, SHA-256 for EC.
    pub signing_hash: Option<HashAlgorithm>,
    /// How long a changed key group may take to reach every edge of CloudFront.
    #[serde(default)]
    pub key_group_propagation: PropagationTime,
    /// The origins whose pages may call the API.
    pub cors_origins: Vec<Origin>,
    /// The request headers that those pages may send.
    #[serde(default = "default_cors_headers")]
    pub cors_headers: Vec<HeaderName>,
    /// The DynamoDB table of the delete records.
    pub delete_record_table: Setting<TableName>,
    /// The queue that receives the changelog.
    pub jobs_queue: JobsQueue,
    /// The buckets with the files of packages.
    #[serde(default)]
    pub storage_buckets: Vec<StorageBucket>,
    /// The function that authorizes requests.
    pub authorizer: Authorizer,
    /// The subnets and security groups of the functions; without them, the functions run outside any VPC.
    pub network: Option<Network>,
    /// The database; without it, the functions get their database variables from the local stack.
    pub database: Option<Database>,
    /// The SNS topic that alarms go to.
    pub alarm_topic: Option<Setting<Arn>>,
    /// The destination that the functions' logs are forwarded to.
    pub log_destination: Option<LogDestination>,
    /// The distribution's own domain.
    pub cdn: Option<Cdn>,
    /// The custom domain that the API is mapped on as `packages`.
    pub api_domain: Option<Setting<DomainName>>,
}

/// A processor architecture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Architecture {
    /// AWS Graviton.
    Arm64,
    /// Intel and AMD.
    #[serde(rename = "x86_64")]
    #[strum(serialize = "x86_64")]
    X86_64,
}

impl Architecture {
    /// What Rust calls the platform of a function: <https://doc.rust-lang.org/rustc/platform-support.html>.
    pub const fn rust_target(self) -> &'static str {
        match self {
            Self::Arm64 => "aarch64-unknown-linux-gnu",
            Self::X86_64 => "x86_64-unknown-linux-gnu",
        }
    }
}

/// A log level.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the usual levels")]
pub enum LogLevel {
    Trace,
    Debug,
    Info,
    Warn,
    Error,
}

/// For how many minutes alarms are watched after a deployment, at most 180:
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_RollbackConfiguration.html>.
pub type MonitoringMinutes = Number<0, 180>;

/// The monitoring time of a protected environment that sets none.
const PROTECTED_MONITORING_MINUTES: u32 = 5;

/// How many batches an event source mapping processes at the same time, 2 to 1,000.
///
/// <https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html#events-sqs-max-concurrency>
pub type RestoreConcurrency = Number<2, 1000>;

/// The queue that receives the changelog.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JobsQueue {
    /// Its URL.
    pub url: Setting<Url>,
    /// Its ARN.
    pub arn: Setting<QueueArn>,
    /// The KMS key that it is encrypted with, if that is not one of AWS's own keys.
    pub kms_key_arn: Option<Setting<KeyArn>>,
}

/// A bucket with files of packages.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StorageBucket {
    /// Its name.
    pub name: Setting<BucketName>,
    /// Whether `/proxy/s3` accepts presigned URLs of it. It always accepts those of the assets bucket.
    #[serde(default)]
    pub proxied: bool,
}

/// The function that authorizes requests.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Authorizer {
    /// The authorizer function of this system.
    Own(OwnAuthorizer),
    /// The authorizer function that the services of the platform share.
    Shared(SharedAuthorizer),
}

/// The access tokens that the authorizer function of this system accepts.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OwnAuthorizer {
    /// The tokens' issuer.
    pub issuer: Setting<Url>,
    /// The URL of the issuer's public keys.
    pub jwks_url: Setting<Url>,
    /// The client that the tokens are issued for.
    pub client_id: Setting<Text>,
}

/// The authorizer function of the platform.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SharedAuthorizer {
    /// Its ARN.
    pub function_arn: Setting<FunctionArn>,
    /// The role with which API Gateway invokes it.
    pub invoke_role_arn: Setting<RoleArn>,
}

/// The place of the functions in a VPC.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Network {
    /// The parameter with the ids of the subnets, a list.
    pub subnets: ParameterPath,
    /// The parameter with the ids of the security groups, a list.
    pub security_groups: ParameterPath,
}

/// The database, reached through an RDS proxy with IAM authentication.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Database {
    /// The proxy's host.
    pub rds_proxy_endpoint: Setting<DomainName>,
    /// The proxy's id (`prx-…`), which IAM policies contain.
    pub rds_proxy_resource_id: Setting<ProxyId>,
}

/// The destination that the functions' logs are forwarded to.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogDestination {
    /// The ARN of a delivery stream, data stream or CloudWatch Logs destination.
    pub arn: Setting<Arn>,
    /// The role with which CloudWatch Logs writes to a stream.
    pub role_arn: Option<Setting<RoleArn>>,
}

/// The distribution's own domain.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cdn {
    /// The domain; its DNS record belongs to the platform.
    pub alias: Setting<DomainName>,
    /// The certificate of the domain, in `us-east-1` as CloudFront requires.
    pub certificate_arn: Setting<Arn>,
}

fn default_cors_headers() -> Vec<HeaderName> {
    openapi::GATEWAY_CORS_ALLOW_HEADERS.iter().filter_map(|name| name.parse().ok()).collect()
}

impl Environment {
    /// Parses an environment's file.
    pub fn parse(name: &EnvironmentName, toml_text: &str) -> Result<Self, EnvironmentError> {
        let environment: Self = toml::from_str(toml_text)
            .map_err(|error| EnvironmentError::malformed(name, toml_text, &error))?;
        if environment.name == *name {
            Ok(environment)
        } else {
            Err(EnvironmentError::OtherName { asked: name.clone(), found: environment.name })
        }
    }

    /// Returns for how many minutes after a deployment an alarm still rolls it back.
    pub fn monitoring_minutes(&self) -> u32 {
        let default = if self.protected { PROTECTED_MONITORING_MINUTES } else { 0 };
        self.rollback_monitoring_minutes.map_or(default, Number::get)
    }

    /// Returns the functions that are deployed to it.
    pub fn functions(&self) -> &'static [FunctionName] {
        match self.authorizer {
            Authorizer::Own(_) => &[FunctionName::Api, FunctionName::Restore, FunctionName::Authorizer],
            Authorizer::Shared(_) => &[FunctionName::Api, FunctionName::Restore],
        }
    }
}

/// Returns the name of an environment's stack.
pub fn stack_name(environment: &Environment) -> String {
    format!("{}-{}", environment.name, environment.service)
}

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
