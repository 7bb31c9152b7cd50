//! Who runs an operation: is told what happens, and is asked before it does.

use std::time::Duration;

use anyhow::Result;
use futures_util::future::BoxFuture;
use machine::Progress;

/// The person or program that an operation works for; the command line is one.
pub trait Operator: Progress {
    /// Reports a failure that does not end the operation.
    fn warn(&self, error: &anyhow::Error);
    /// Reports what CloudFormation has done to a resource.
    fn resource(&self, change: &ResourceChange<'_>);
    /// Reports that CloudFormation undoes what it has done.
    fn rolling_back(&self);
    /// Asks a question; an error where nobody can answer it.
    fn confirm<'a>(&'a self, question: &'a str) -> BoxFuture<'a, Result<bool>>;
}

/// What CloudFormation has done to a resource.
pub struct ResourceChange<'a> {
    /// The resource's logical id.
    pub logical_id: &'a str,
    /// Its type.
    pub resource_type: &'a str,
    /// How it ended.
    pub ending: ResourceEnding,
    /// The time that it took.
    pub took: Duration,
}

/// How a change of a resource ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResourceEnding {
    /// The change was made.
    Done,
    /// The resource is no longer part of the stack, and stays.
    Kept,
    /// The change failed.
    Failed,
}

#[cfg(test)]
pub(crate) mod testing;
