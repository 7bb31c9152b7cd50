//! Runs deployed functions on this machine, with Lambda, its event sources and API Gateway.
//!
//! The resources are read from what was deployed ([`control_plane`]), never from the code that deployed them.

pub mod control_plane;
pub mod gateway;
pub mod poller;
pub mod pool;
pub mod redeployment;
pub mod role;
mod surroundings;

pub use surroundings::surroundings;
