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
mod wrong_usage;

pub use arguments::{parse, parse_as};
pub use document::Format;
pub use environment::EnvironmentArgument;
pub use events::show_activity;
pub use outcome::{Outcome, finish};
pub use wrong_usage::WrongUsage;
