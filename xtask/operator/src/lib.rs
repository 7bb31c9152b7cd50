//! The commands for what is deployed. They need no source, and so neither Rust nor a checkout.
//!
//! `cargo xtask` runs them with the environment files of the checkout. The program `packages`, which
//! `cargo xtask dist` builds, contains the environment files, for a machine that has nothing else.

mod commands;
pub mod connect;
pub mod deploy;
mod destroy;
pub mod diff;
mod doctor;
mod drift;
mod ending;
mod explain;
mod keys;
mod lock;
mod logs;
mod metrics;
mod outputs;
mod queue;
mod releases;
mod review_markdown;
mod review_text;
mod rollback;
mod smoke;
mod status;
pub mod terminal;
mod traces;

pub use self::commands::{Command, run};
