//! Code shared by all `cargo xtask` commands: exit codes, output, the environment option.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command line talks to people")]

mod document;
pub mod environment;
mod events;
mod outcome;
pub mod reference;
pub mod terminal;

pub use document::Format;
pub use environment::EnvironmentArgument;
pub use outcome::{Outcome, finish};
