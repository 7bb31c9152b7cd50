//! The AWS infrastructure of the packages service.
//!
//! [`render`] makes a CloudFormation template from an [`Environment`], its [`SigningKeys`] and the functions'
//! [`Artifacts`]. The crate is pure: it reads no file, calls no service, uses no clock and no randomness. The
//! same inputs therefore always give the same bytes, and a template can be compared with what is deployed.

mod artifacts;
mod cloudformation;
mod deployed;
mod environment;
mod infrastructure;
mod operators;
mod output;
mod platform_facts;
mod review;
mod signing_key;
#[cfg(test)]
mod snapshot;

pub use artifacts::{ArtifactHash, ArtifactKey, Artifacts, FunctionName};
pub use cloudformation::{Consequence, Problem, StackError, Template, holds_data, iam_policies};
pub use deployed::{DeployedTemplate, DeployedTemplateError};
pub use environment::{
    AccountId, Architecture, Arn, Authorizer, BucketName, Cdn, Database, DomainName, Environment,
    EnvironmentError, EnvironmentName, FactKind, FunctionArn, HeaderName, InvalidValue, JobsQueue, KeyArn,
    LogDestination, LogLevel, Network, Origin, OwnAuthorizer, ParameterName, ParameterPath, PolicyArn,
    PropagationTime, ProxyId, QueueArn, Region, RegionShortName, RestoreConcurrency, RoleArn,
    SecurityGroupId, ServiceName, Setting, SharedAuthorizer, StorageBucket, SubnetId, Suffix, TableName,
    Text, Url,
};
pub use operators::{operator_facts, operator_policies};
pub use output::OutputName;
pub use platform_facts::{Facts, PlatformFact, platform_facts};
pub use review::{
    ChangeKind, Finding, GrantChange, PropertyDifference, TemplateChange, TemplateReview, TemplateState,
};
pub use signing_key::{
    Fingerprint, MAXIMUM_KEYS, SigningKey, SigningKeyError, SigningKeys, key_parameters, key_ring_parameter,
    private_key_parameter, public_key_parameter,
};

/// What a template is made from.
#[derive(Clone, Copy, Debug)]
pub struct Inputs<'a> {
    /// What differs between environments.
    pub environment: &'a Environment,
    /// The keys that sign URLs.
    pub signing_keys: &'a SigningKeys,
    /// The functions' code.
    pub artifacts: &'a Artifacts,
}

/// Renders the template of an environment and validates it.
pub fn render(inputs: &Inputs<'_>) -> Result<Template, StackError> {
    let template = infrastructure::build(inputs);
    template.validate()?;
    Ok(template)
}

/// Makes the template without what only a deployment knows: zeros stand for the hashes of the code.
pub fn preview_with(environment: &Environment, signing_keys: &SigningKeys) -> Result<Template, StackError> {
    let artifacts = Artifacts::unknown(environment);
    render(&Inputs { environment, signing_keys, artifacts: &artifacts })
}

/// The same without signing keys.
pub fn preview(environment: &Environment) -> Result<Template, StackError> {
    preview_with(environment, &SigningKeys::none())
}

/// Returns the name of an environment's stack.
pub fn stack_name(environment: &Environment) -> String {
    format!("{}-{}", environment.name, environment.service)
}
