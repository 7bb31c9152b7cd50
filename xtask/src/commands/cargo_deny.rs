//! Runs the checks of cargo-deny that work offline: licenses, banned crates, and sources.

use anyhow::Result;
use command_line::terminal::TerminalProgress;
use machine::cargo_tool::CARGO_DENY;
use machine::command;

/// Runs the checks in .cargo/deny.toml.
pub(crate) fn check() -> Result<()> {
    // Offline, cargo-deny needs the crates of all platforms.
    command::run_blocking(command::cargo().args(["fetch", "--locked", "--quiet"]))?;
    command::run_blocking(command::at_root(CARGO_DENY.program(&TerminalProgress)?).args([
        "--offline",
        "check",
        "licenses",
        "bans",
        "sources",
    ]))
}
