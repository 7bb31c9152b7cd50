//! The packages service on one machine.
//!
//! Every process and every file of a run belongs to one [`directory::StateDirectory`]; whoever holds its
//! lock owns them, and cleans up after an owner that died.

mod causes;
pub mod console;
pub mod control_plane;
pub mod demo;
pub mod directory;
pub mod edge;
pub mod emulator;
pub mod fault;
pub mod gateway;
pub mod issuer;
pub mod platform;
pub mod poller;
pub mod pool;
pub mod ports;
pub mod postgres;
pub mod process;
pub mod python;
pub mod redeployment;
mod surroundings;
pub mod trial;

pub use surroundings::surroundings;

/// The name of the environment that this is.
pub const ENVIRONMENT: &str = "local";
