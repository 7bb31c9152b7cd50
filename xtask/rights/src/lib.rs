//! IAM on this machine: checks each request to AWS before the emulator gets it, which checks nothing.
//!
//! A [`Guard`] stands in front of the emulator. It verifies the signature of a request, finds out who sent it, which actions
//! on which resources the request needs, and whether the deployed policies allow them: those of users and roles, of buckets
//! and queues, and permissions boundaries. A request that they do not allow gets the error of the service itself.
//! CloudFormation changes resources in the name of its caller, so each change is checked too (`handlers`).
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
