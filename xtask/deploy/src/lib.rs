//! All access to AWS's control plane.
//!
//! The library covers connection, review, deployment, releases, lock, keys, drift, logs, traces, metrics, and queue. It does not print
//! or prompt. It returns values, and reports to an [`operator::Operator`]. Its errors are for people and carry
//! context, so it uses `anyhow` as the command line does.

mod advice;
mod apply;
pub mod approvals;
pub mod artifact_bucket;
pub mod artifacts;
pub mod build;
pub mod candidate;
pub mod checks;
mod clock;
mod cloud_control;
pub mod connection;
mod consent;
pub mod deployed_stack;
pub mod deployment;
pub mod destroy;
pub mod drift;
pub mod existing;
pub mod explain;
pub mod keys;
pub mod live_resources;
pub mod lock;
pub mod logs;
pub mod metrics;
pub mod operator;
pub mod plan;
pub mod platform_parameters;
pub mod queue;
pub mod release;
pub mod review;
mod rollback_guard;
mod stack_resources;
pub mod status;
pub mod time_span;
pub mod traces;

pub use advice::{command_for, set_program};
pub use consent::{Consent, require_confirmation};
