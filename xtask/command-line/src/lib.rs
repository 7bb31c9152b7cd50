//! Code shared by all `cargo xtask` commands: exit codes, output, the environment option.

mod arguments;
mod document;
pub mod environment;
mod events;
mod heartbeat;
pub mod layout;
mod outcome;
pub mod output;
pub mod reference;
pub mod terminal;

pub use arguments::{parse, parse_as};
pub use document::Format;
pub use environment::EnvironmentArgument;
pub use events::show_activity;
pub use outcome::{Outcome, finish};
