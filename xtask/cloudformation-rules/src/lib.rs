//! Checks whether AWS CloudFormation, and the services behind it, would reject a template.
//!
//! [`ProviderSchemas::check`] reads a template as CloudFormation does when a change set is created from it, and returns
//! each [`Violation`] with the [`Rule`] that it breaks, the [`Stage`] at which AWS would reject it, and the document
//! that states the rule. The crate is pure: it calls no service, uses no clock, and reads only the resource provider
//! schemas, which are those that cfn-lint installs.
//!
//! A value that is known only after a resource is created (`Fn::GetAtt`, or `Ref` of a resource) matches anything. A
//! violation that depends on such a value is not reported.

mod capabilities;
mod check;
mod conditions;
mod cycles;
mod error;
mod intrinsics;
mod limits;
mod names;
mod parameters;
mod properties;
mod provider_schemas;
mod references;
mod replacements;
mod request;
mod resolve;
mod resource_schema;
mod rule;
mod schema_validation;
mod services;
mod structure;
mod template;
#[cfg(test)]
mod testing;
mod violation;

pub use error::SchemaError;
pub use provider_schemas::ProviderSchemas;
pub use request::{ChangeSetRequest, ParameterValue, TemplateVersion};
pub use resource_schema::Handler;
pub use rule::{Rule, Stage, Validation};
pub use violation::Violation;
