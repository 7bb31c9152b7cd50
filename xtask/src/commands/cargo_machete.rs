//! cargo-machete: unused dependencies.

use anyhow::Result;
use command_line::terminal::TerminalProgress;
use machine::cargo_tool::CARGO_MACHETE;
use machine::command;

/// Checks that each crate uses its dependencies.
pub(crate) fn check() -> Result<()> {
    command::run_blocking(
        command::at_root(CARGO_MACHETE.program(&TerminalProgress)?).arg("--skip-target-dir"),
    )
}
