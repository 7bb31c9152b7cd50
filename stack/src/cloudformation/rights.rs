//! The actions that CloudFormation takes with the permissions of its caller.
//!
//! They stand with each resource type. The source is what the type's schema says of its handlers: reading is what drift
//! detection does, the others are what a deployment does. Actions for properties that no template of ours sets are left
//! out; tags are those that CloudFormation itself adds.
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
