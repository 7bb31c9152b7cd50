//! This machine: the repository, its programs, and the processes of the local stack.
//!
//! The crate compiles no C, so that `cargo xtask doctor` works before a C library can be built, and depends on no AWS SDK.

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
