//! The outcome of a command.

use std::process::ExitCode;

use anyhow::Result;

use crate::events;
use crate::terminal::{self, CauseMessage};
use crate::wrong_usage::WrongUsage;

/// The outcome of a command that did not fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It succeeded.
    Done,
    /// It found differences, something that needs attention, or a missed limit.
    Differences,
    /// It ran another command, which ended with this exit code.
    Code(u8),
}

/// Runs a command and returns the exit code of the process.
///
/// The code is 0 for success, 1 for failure, 2 for wrong usage, and 3 for differences. An error is shown with its causes, with the
/// messages that `cause_message` returns.
pub fn finish(run: impl FnOnce() -> Result<Outcome>, cause_message: CauseMessage) -> ExitCode {
    events::show();
    match run() {
        Ok(Outcome::Done) => ExitCode::SUCCESS,
        Ok(Outcome::Differences) => ExitCode::from(3),
        Ok(Outcome::Code(code)) => ExitCode::from(code),
        Err(error) => {
            terminal::error(&error, cause_message);
            if error.is::<WrongUsage>() { ExitCode::from(2) } else { ExitCode::FAILURE }
        }
    }
}
