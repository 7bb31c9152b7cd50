//! Committed files that a command generates.

use std::fs;

use anyhow::{Context, Result};
use command_line::{Outcome, terminal};
use machine::repository;

/// A generated file.
pub(super) struct GeneratedFile<'a> {
    /// Its path in the repository.
    pub(super) path: &'a str,
    /// The command that writes it.
    pub(super) command: &'a str,
    /// Its content.
    pub(super) text: &'a str,
}

impl GeneratedFile<'_> {
    /// Writes the file if it is out of date; with `check`, only reports that it is.
    pub(super) fn update(&self, check: bool) -> Result<Outcome> {
        let Self { path, command, text } = *self;
        let file = repository::root().join(path);
        if fs::read_to_string(&file).is_ok_and(|current| current == text) {
            return Ok(Outcome::Done);
        }
        if check {
            terminal::say(format!("{path} is out of date; run `cargo xtask {command}`"));
            return Ok(Outcome::Differences);
        }
        fs::write(&file, text).with_context(|| format!("cannot write {}", file.display()))?;
        terminal::say(format!("wrote {path}"));
        Ok(Outcome::Done)
    }
}
