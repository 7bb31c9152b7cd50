//! cargo-machete: unused dependencies.

use std::path::PathBuf;

use anyhow::Result;
use machine::command;

use super::cargo_tool;

/// Returns the program, and installs it if necessary.
pub(super) fn program() -> Result<PathBuf> {
    cargo_tool::program("cargo-machete", "0.9.2")
}

/// Checks that each crate uses its dependencies.
pub(crate) fn check() -> Result<()> {
    command::run_blocking(command::at_root(program()?).arg("--skip-target-dir"))
}
