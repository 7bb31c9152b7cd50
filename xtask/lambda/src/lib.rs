//! Lambda, its event sources and API Gateway on this machine: serves the functions that are deployed.
//!
//! What is served is read from the deployed resources ([`control_plane`]), never from the code that deployed them.

pub mod control_plane;
pub mod gateway;
pub mod poller;
pub mod pool;
pub mod redeployment;
mod surroundings;

pub use surroundings::surroundings;
