//! Environments: what differs from one deployment of the system to another.

mod error;
mod fact;
mod propagation;
mod setting;
mod words;

pub(crate) use words::words;

use std::num::NonZeroU16;

use openapi::HashAlgorithm;
use serde::{Deserialize, Serialize};

use crate::FunctionName;

pub use error::EnvironmentError;
pub use fact::FactKind;
pub(crate) use fact::FactType;
pub use propagation::PropagationTime;
pub use setting::{ParameterPath, Setting};
pub use words::{
    AccountId, Arn, BucketName, DomainName, EnvironmentName, FunctionArn, HeaderName, KeyArn, NotThat,
    Origin, ParameterName, PolicyArn, ProxyId, QueueArn, Region, RegionShortName, RoleArn, SecurityGroupId,
    ServiceName, SubnetId, Suffix, TableName, Text, Url,
};

/// An environment, as its file in `stack/environments` describes it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Environment {
    /// The environment's name, the same as the file's.
    pub name: EnvironmentName,
    /// The service's name, a part of most names.
    pub service: ServiceName,
    /// Where it is deployed.
    pub region: Region,
    /// The region as the platform writes it in names, such as `use1`.
    pub region_short: RegionShortName,
    /// Appended to the name of every resource, and to the API's mapping key. It keeps an installation apart from an older
    /// one in the same account.
    pub suffix: Option<Suffix>,
    /// The account it belongs to, where only that one will do.
    pub account: Option<AccountId>,
    /// Whether the stack must not be destroyed, and signing keys keep their full overlap.
    pub protected: bool,
    /// The bucket that the functions' code and the release manifests are kept in.
    pub artifact_bucket: BucketName,
    /// The platform's domain.
    pub platform_domain: DomainName,
    /// The policy that bounds the rights of the functions' roles, whatever their own policies say.
    pub permissions_boundary: Option<PolicyArn>,
    /// What the functions run on.
    pub architecture: Architecture,
    /// What the functions log.
    pub log_level: LogLevel,
    /// How many batches may be restored at the same time.
    pub restore_concurrency: RestoreConcurrency,
    /// After how many days without a new signing key the alarm goes off.
    pub signing_key_rotation_days: NonZeroU16,
    /// The hash that signatures are made over, where it is not the default of the key: SHA-1 for RSA, SHA-256 for EC.
    pub signing_hash: Option<HashAlgorithm>,
    /// How long CloudFront may take to tell every edge of a changed key group.
    #[serde(default)]
    pub key_group_propagation: PropagationTime,
    /// The origins whose pages may call the API.
    pub cors_origins: Vec<Origin>,
    /// The request headers that those pages may send.
    #[serde(default = "default_cors_headers")]
    pub cors_headers: Vec<HeaderName>,
    /// The DynamoDB table of the delete records.
    pub delete_record_table: Setting<TableName>,
    /// The queue that takes the changelog.
    pub jobs_queue: JobsQueue,
    /// The buckets of the packages' files.
    #[serde(default)]
    pub storage_buckets: Vec<StorageBucket>,
    /// Who decides what a token admits to.
    pub authorizer: Authorizer,
    /// The subnets and security groups of the functions; without them they run outside any VPC.
    pub network: Option<Network>,
    /// The database; without it the functions are given their database variables by whoever runs them.
    pub database: Option<Database>,
    /// The SNS topic that alarms go to.
    pub alarm_topic: Option<Setting<Arn>>,
    /// Where the functions' logs are forwarded to.
    pub log_destination: Option<LogDestination>,
    /// The distribution's own domain.
    pub cdn: Option<Cdn>,
    /// The custom domain that the API is mapped on as `packages`.
    pub api_domain: Option<Setting<DomainName>>,
}

/// What the functions run on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Architecture {
    /// AWS Graviton.
    Arm64,
    /// Intel and AMD.
    #[serde(rename = "x86_64")]
    X86_64,
}

/// What the functions log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the usual levels")]
pub enum LogLevel {
    Trace,
    Debug,
    Info,
    Warn,
    Error,
}

impl LogLevel {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Trace => "trace",
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error => "error",
        }
    }
}

/// How many batches an event source mapping hands out at the same time, 2 to 1,000.
///
/// <https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html#events-sqs-max-concurrency>
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "u32")]
pub struct RestoreConcurrency(u32);

impl RestoreConcurrency {
    pub(crate) const fn get(self) -> u32 {
        self.0
    }
}

impl TryFrom<u32> for RestoreConcurrency {
    type Error = String;

    fn try_from(number: u32) -> Result<Self, Self::Error> {
        if (2..=1000).contains(&number) {
            Ok(Self(number))
        } else {
            Err(format!("{number} is not in 2 to 1000"))
        }
    }
}

/// The queue that takes the changelog.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JobsQueue {
    /// Its URL.
    pub url: Setting<Url>,
    /// Its ARN.
    pub arn: Setting<QueueArn>,
    /// The KMS key it is encrypted with, if it is one of the platform's own.
    pub kms_key_arn: Option<Setting<KeyArn>>,
}

/// A bucket of packages' files.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StorageBucket {
    /// Its name.
    pub name: Setting<BucketName>,
    /// Whether `/proxy/s3` follows presigned URLs of it. It always follows those of the assets bucket.
    #[serde(default)]
    pub proxied: bool,
}

/// Who decides what a token admits to.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Authorizer {
    /// The authorizer function of this system.
    Own(OwnAuthorizer),
    /// The platform's authorizer function, which its services share.
    Shared(SharedAuthorizer),
}

/// The access tokens that the authorizer function of this system takes.
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

/// The platform's authorizer function.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SharedAuthorizer {
    /// Its ARN.
    pub function_arn: Setting<FunctionArn>,
    /// The role with which API Gateway invokes it.
    pub invoke_role_arn: Setting<RoleArn>,
}

/// Where the functions run within a VPC.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Network {
    /// Parameter with the ids of the subnets, a list.
    pub subnets: ParameterPath,
    /// Parameter with the ids of the security groups, a list.
    pub security_groups: ParameterPath,
}

/// The database, reached through an RDS proxy with IAM authentication.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Database {
    /// The proxy's host.
    pub rds_proxy_endpoint: Setting<DomainName>,
    /// The proxy's id (`prx-…`), which IAM knows it by.
    pub rds_proxy_resource_id: Setting<ProxyId>,
}

/// Where the functions' logs are forwarded to.
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
    /// The certificate of the domain, in `us-east-1` as CloudFront demands.
    pub certificate_arn: Setting<Arn>,
}

fn default_cors_headers() -> Vec<HeaderName> {
    openapi::GATEWAY_CORS_ALLOW_HEADERS.iter().filter_map(|name| name.parse().ok()).collect()
}

impl Environment {
    /// Reads an environment's file.
    pub fn parse(name: &EnvironmentName, toml_text: &str) -> Result<Self, EnvironmentError> {
        let environment: Self = toml::from_str(toml_text)
            .map_err(|error| EnvironmentError::malformed(name, toml_text, &error))?;
        if environment.name == *name {
            Ok(environment)
        } else {
            Err(EnvironmentError::OtherName { asked: name.clone(), found: environment.name })
        }
    }

    /// The functions that are deployed to it.
    pub fn functions(&self) -> &'static [FunctionName] {
        match self.authorizer {
            Authorizer::Own(_) => &[FunctionName::Api, FunctionName::Restore, FunctionName::Authorizer],
            Authorizer::Shared(_) => &[FunctionName::Api, FunctionName::Restore],
        }
    }
}

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
