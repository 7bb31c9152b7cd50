//! Code shared by all `cargo xtask` commands: exit codes, output, the environment option.

mod arguments;
pub mod completions;
pub mod description;
mod document;
pub mod environment;
mod events;
mod heartbeat;
pub mod layout;
pub mod manual;
mod outcome;
pub mod output;
pub mod reference;
pub mod terminal;
mod verbosity;
mod wrong_usage;

pub use arguments::{parse, parse_as};
pub use document::Format;
pub use environment::EnvironmentArgument;
pub use events::show_activity;
pub use outcome::{Outcome, finish};
pub use verbosity::{Verbosity, is_quiet, is_verbose};
pub use wrong_usage::WrongUsage;
