//! How a command ended.

use std::process::ExitCode;

use anyhow::Result;

use crate::events;
use crate::terminal::{self, Words};

/// How a command ended, when it did not fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It did what was asked.
    Done,
    /// It found differences.
    Differences,
    /// A command that it ran ended with this code.
    Code(u8),
}

/// Runs a command and returns the code that the process exits with: 0 done, 1 failed, 3 there are differences.
///
/// An error is shown with its causes, in the words given for them.
pub fn finish(run: impl FnOnce() -> Result<Outcome>, words: Words) -> ExitCode {
    events::show();
    match run() {
        Ok(Outcome::Done) => ExitCode::SUCCESS,
        Ok(Outcome::Differences) => ExitCode::from(3),
        Ok(Outcome::Code(code)) => ExitCode::from(code),
        Err(error) => {
            terminal::error(&error, words);
            ExitCode::FAILURE
        }
    }
}
