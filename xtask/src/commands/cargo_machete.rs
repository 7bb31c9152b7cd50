//! cargo-machete: unused dependencies.

use anyhow::Result;
use machine::command;

use super::cargo_tool;

/// Checks that each crate uses its dependencies; installs cargo-machete on first use.
pub(crate) fn check() -> Result<()> {
    let program = cargo_tool::program("cargo-machete", "0.9.2")?;
    command::run_blocking(command::at_root(program).arg("--skip-target-dir"))
}
