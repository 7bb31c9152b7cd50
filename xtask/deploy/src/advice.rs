//! Commands that messages advise.

use std::fmt::Display;
use std::sync::OnceLock;

/// The program that advised commands begin with.
static PROGRAM: OnceLock<&str> = OnceLock::new();

/// Sets the program that advised commands begin with, once; without this, it is `cargo xtask`.
pub fn set_program(name: &'static str) {
    // A second name is ignored: a process is one program.
    let _ = PROGRAM.set(name);
}

/// Returns a command for a message, quoted, with the option that names its environment.
///
/// Without the option, a command is for the default environment, which may not be the one that the message is about.
pub fn command_for(environment: impl Display, command: &str) -> String {
    let program = PROGRAM.get().copied().unwrap_or("cargo xtask");
    format!("`{program} {command} --env {environment}`")
}
