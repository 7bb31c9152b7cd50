//! The interface to the person or program that runs an operation.

use std::time::Duration;

use anyhow::Result;
use futures_util::future::BoxFuture;
use machine::Progress;

use crate::connection::AwsCall;

/// Receives reports from an operation, and answers its questions.
///
/// The command line is one implementation.
pub trait Operator: Progress {
    /// Reports a failure that does not end the operation.
    fn warn(&self, error: &anyhow::Error);
    /// Reports what CloudFormation has done to a resource.
    fn resource(&self, change: &ResourceChange<'_>);
    /// Reports that CloudFormation is rolling back.
    fn rolling_back(&self);
    /// Reports a call to AWS. Most operators ignore it.
    fn aws_call(&self, _call: &AwsCall) {}
    /// Asks for confirmation. Returns an error if the question cannot be answered.
    fn confirm<'a>(&'a self, question: &'a str) -> BoxFuture<'a, Result<bool>>;
}

/// A change that CloudFormation made to a resource.
pub struct ResourceChange<'a> {
    /// The logical ID of the resource.
    pub logical_id: &'a str,
    /// The type of the resource.
    pub resource_type: &'a str,
    /// How the change ended.
    pub outcome: ResourceOutcome,
    /// How long the change took.
    pub duration: Duration,
}

/// How a change to a resource ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResourceOutcome {
    /// The change succeeded.
    Done,
    /// The resource was removed from the stack but not deleted.
    Kept,
    /// The change failed.
    Failed,
}

#[cfg(test)]
pub(crate) mod testing;
