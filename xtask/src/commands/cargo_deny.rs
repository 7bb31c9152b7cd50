//! Runs the checks of cargo-deny that work offline: licenses, banned crates, and sources.

use anyhow::Result;
use machine::command;

use super::cargo_tool;

/// Runs the checks in .cargo/deny.toml. Installs cargo-deny on first use.
pub(crate) fn check() -> Result<()> {
    let program = cargo_tool::program("cargo-deny", "0.20.2")?;
    // Offline, cargo-deny needs the crates of all platforms.
    command::run_blocking(command::cargo().args(["fetch", "--locked", "--quiet"]))?;
    command::run_blocking(command::at_root(program).args([
        "--offline",
        "check",
        "licenses",
        "bans",
        "sources",
    ]))
}
