//! IAM on this machine: checks each request to AWS before it reaches the emulator, which checks nothing.
//!
//! A [`Guard`] stands in front of the emulator. It verifies the signature of a request and identifies the sender. Then
//! it checks that the deployed policies allow each action on each resource that the request needs. These are the
//! policies of users and roles, of buckets and queues, and permissions boundaries. If they do not allow a request, the
//! response is the error of the service itself. CloudFormation changes resources on behalf of its caller, so each
//! change is checked too (`handlers`).
//!
//! Not checked: the signatures of the chunks of a body (`aws-chunked`), service control policies, session policies, and
//! the key policies of KMS.

mod access;
mod denial;
mod guard;
mod handlers;
pub mod identity;
#[cfg(test)]
mod mutations;
mod policies;
mod policy;
mod query;
mod random;
mod refusal;
mod report;
mod service;
mod services;
mod signature;
#[cfg(test)]
mod testing;
mod usage;

pub use guard::{Guard, RIGHTS_PATH, serve};
pub use policies::OperatorPolicies;
pub use random::RandomError;
pub use report::{Right, RightsReport};
pub use signature::sign;
pub use usage::{Use, UseCount};
