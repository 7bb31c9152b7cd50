//! The packages service on one machine.
//!
//! Every process and every file of a run belongs to one [`directory::StateDirectory`]; whoever holds its
//! lock owns them, and cleans up after an owner that died.

pub mod console;
pub mod demo;
pub mod emulator;
pub mod issuer;
pub mod platform;
pub mod postgres;
mod stack_file;

pub use stack_file::{Buckets, Queues, StackFile, StackFileError};

/// The name of the environment that this is.
pub const ENVIRONMENT: &str = "local";
