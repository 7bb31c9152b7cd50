//! The actions that CloudFormation takes with the permissions of its caller.
//!
//! They are listed with each resource type. The source is the schema of the type, which lists the permissions of each
//! handler: drift detection uses the handler that reads, a deployment uses the others. Actions for properties that none
//! of our templates sets are left out; tags are those that CloudFormation itself adds.
//! <https://docs.aws.amazon.com/cloudformation-cli/latest/userguide/resource-type-schema.html>

mod location;
mod target;

pub(crate) use location::Location;
pub(crate) use target::{Target, values_named_by_permissions};

/// Actions that are needed on a target.
pub(crate) type Right<T> = (T, &'static [&'static str]);

/// What is needed to read resources of a type, and to create, change and delete them.
#[derive(Debug)]
pub(crate) struct Rights {
    pub(crate) read: &'static [Right<Target>],
    pub(crate) deploy: &'static [Right<Target>],
}
