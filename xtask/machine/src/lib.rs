//! This machine: the repository, its programs, and the processes of the local stack.
//!
//! The crate compiles no C code, so `cargo xtask doctor` works without a C compiler. It does not depend on the AWS
//! SDK.

pub mod causes;
pub mod command;
pub mod directory;
pub mod ports;
pub mod postgres_server;
pub mod process;
mod progress;
pub mod python;
pub mod repository;
pub mod target;
pub mod tools;
pub mod workspace;

pub use progress::{Progress, Step};

/// The name of the environment that is deployed only to the emulator on this machine.
pub const LOCAL_ENVIRONMENT: &str = "local";
