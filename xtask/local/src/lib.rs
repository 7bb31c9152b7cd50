//! Runs the packages service on one machine.
//!
//! All processes and files of a run belong to one [`machine::directory::StateDirectory`]. The process that holds its
//! lock owns them, and cleans up after a previous owner that crashed.

pub mod console;
pub mod demo;
pub mod emulator;
pub mod issuer;
pub mod monitoring;
pub mod not_emulated;
pub mod platform;
pub mod postgres;
mod stack_file;

pub use machine::LOCAL_ENVIRONMENT as ENVIRONMENT;
pub use stack_file::{Buckets, Queues, StackFile};
