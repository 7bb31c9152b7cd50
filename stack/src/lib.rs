//! The AWS infrastructure of the packages service.
//!
//! [`render`] makes a CloudFormation template from an [`Environment`], its [`SigningKeys`] and the functions'
//! [`Artifacts`]. The crate is pure: it reads no file, calls no service, uses no clock and no randomness. The
//! same inputs therefore always give the same bytes, and a template can be compared with what is deployed.

mod artifacts;
mod cloudformation;
mod deployed;
mod environment;
mod function_name;
mod infrastructure;
mod inputs;
mod operators;
mod output;
mod platform_parameters;
mod review;
mod rollback_triggers;
mod signing_key;
#[cfg(test)]
mod snapshot;

pub use artifacts::{ArtifactHash, ArtifactKey, Artifacts};
pub use cloudformation::{
    Consequence, Number, Problem, StackError, Template, holds_data, iam_policies, is_known_type,
};
pub use deployed::{DeployedTemplate, DeployedTemplateError};
pub use environment::{
    AccountId, Architecture, Arn, Authorizer, BucketName, Cdn, Database, DomainName, Environment,
    EnvironmentError, EnvironmentName, FunctionArn, HeaderName, InvalidValue, JobsQueue, KeyArn,
    LogDestination, LogLevel, MonitoringMinutes, Network, Origin, OwnAuthorizer, ParameterName,
    ParameterPath, PlatformParameterKind, PolicyArn, PropagationTime, ProxyId, QueueArn, Region,
    RegionShortName, RestoreConcurrency, RoleArn, SecurityGroupId, ServiceName, Setting, SharedAuthorizer,
    StorageBucket, SubnetId, Suffix, TableName, Text, Url, stack_name,
};
pub use function_name::FunctionName;
pub use infrastructure::short_name;
pub use inputs::Inputs;
pub use operators::{operator_parameters, operator_policies};
pub use output::OutputName;
pub use platform_parameters::{PlatformParameter, PlatformParameterValues, platform_parameters};
pub use review::{
    ActionCounts, ChangeKind, Finding, GrantChange, PropertyDifference, ResourceAction, TemplateChange,
    TemplateReview, TemplateState,
};
pub use rollback_triggers::{MAXIMUM_ROLLBACK_TRIGGERS, rollback_triggers};
pub use signing_key::{
    Fingerprint, MAXIMUM_KEYS, SigningKey, SigningKeyError, SigningKeys, key_parameters, key_ring_parameter,
    private_key_parameter, public_key_parameter,
};

/// Renders the template of an environment and validates it.
pub fn render(inputs: &Inputs<'_>) -> Result<Template, StackError> {
    let template = infrastructure::build(inputs);
    template.validate()?;
    Ok(template)
}

/// Renders a template without what only a deployment knows: it has zeros for the hashes of the code.
pub fn preview_with(environment: &Environment, signing_keys: &SigningKeys) -> Result<Template, StackError> {
    let artifacts = Artifacts::unknown(environment);
    render(&Inputs { environment, signing_keys, artifacts: &artifacts })
}

/// Renders a template without signing keys and without what only a deployment knows.
pub fn preview(environment: &Environment) -> Result<Template, StackError> {
    preview_with(environment, &SigningKeys::none())
}
