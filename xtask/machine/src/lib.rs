//! This machine: the repository, its programs, and the processes of the local stack.
//!
//! The crate compiles no C code, so `cargo xtask doctor` works without a C compiler. It does not depend on the AWS
//! SDK.

pub mod cargo_tool;
pub mod causes;
pub mod command;
pub mod directory;
pub mod node;
pub mod ports;
pub mod postgres_server;
pub mod process;
mod progress;
pub mod python;
pub mod repository;
pub mod target;
pub mod tools;
pub mod valgrind;
pub mod workspace;

pub use progress::{Progress, Step, Unreported};

/// The name of the environment that is deployed only to the emulator on this machine.
pub const LOCAL_ENVIRONMENT: &str = "local";

/// The target of events that tell what the running local stack does, one line each.
pub const ACTIVITY: &str = "activity";

/// The file in the state directory of a running local stack that describes it.
pub const STACK_FILE: &str = "stack.json";

/// The access key id that the emulator accepts, and the only one for which it checks presigned URLs.
pub const EMULATOR_ACCESS_KEY_ID: &str = "test";

/// The secret access key of [`EMULATOR_ACCESS_KEY_ID`].
pub const EMULATOR_SECRET_ACCESS_KEY: &str = "test";
