//! Wrong usage that is found after the arguments were parsed.

use std::error::Error;
use std::fmt;

/// An error in how a command was called, which ends the process with exit code 2.
#[derive(Debug)]
pub struct WrongUsage(String);

impl WrongUsage {
    /// Creates an error with a message that says what is wrong, and what to do.
    pub fn new(message: String) -> Self {
        Self(message)
    }
}

impl fmt::Display for WrongUsage {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl Error for WrongUsage {}
