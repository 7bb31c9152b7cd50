//! Commands that messages advise.

/// Returns a command for a message, quoted, with the option that names its environment.
///
/// Without the option, a command is for the default environment, which may not be the one that the message is about.
pub fn command_for(environment: impl std::fmt::Display, command: &str) -> String {
    format!("`cargo xtask {command} --env {environment}`")
}
