//! Runs the checks of cargo-deny that work offline: licenses, banned crates, and sources.

use std::path::PathBuf;

use anyhow::Result;
use machine::command;

use super::cargo_tool;

/// Returns the program, and installs it if necessary.
pub(super) fn program() -> Result<PathBuf> {
    cargo_tool::program("cargo-deny", "0.20.2")
}

/// Runs the checks in .cargo/deny.toml.
pub(crate) fn check() -> Result<()> {
    // Offline, cargo-deny needs the crates of all platforms.
    command::run_blocking(command::cargo().args(["fetch", "--locked", "--quiet"]))?;
    command::run_blocking(command::at_root(program()?).args([
        "--offline",
        "check",
        "licenses",
        "bans",
        "sources",
    ]))
}
