//! Forwards commands to `xtask-commands`.
//!
//! That program contains the AWS SDK, the database client, and the local stack, and takes minutes to compile the
//! first time.

use std::ffi::OsString;
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;

use anyhow::{Context, Result, anyhow};
use clap::Args;
use command_line::Outcome;
use command_line::reference::Section;
use machine::command;

const PROGRAM: &str = "xtask-commands";

/// Whatever follows the name of the command; `xtask-commands` parses it.
#[derive(Args)]
#[command(disable_help_flag = true)]
pub(crate) struct Forwarded {
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "OPTIONS")]
    _arguments: Vec<OsString>,
}

/// Replaces this process with `xtask-commands`, with the same arguments.
pub(crate) fn run() -> Result<Outcome> {
    let program = build()?;
    let error = std::process::Command::new(&program).args(std::env::args_os().skip(1)).exec();
    Err(anyhow!(error).context(format!("cannot start {}", program.display())))
}

/// Returns the help of the commands that `xtask-commands` runs.
pub(crate) fn reference() -> Result<Vec<Section>> {
    let program = build()?;
    let output = std::process::Command::new(&program).arg("reference").output();
    let output = output.with_context(|| format!("cannot start {}", program.display()))?;
    serde_json::from_slice(&output.stdout).context("cannot read the help of the commands")
}

/// Builds `xtask-commands` if the source has changed, and returns its path.
fn build() -> Result<PathBuf> {
    // Selecting the workspace enables the same features of dependencies as in other builds, so none is built twice.
    command::run_blocking(command::cargo().args(["build", "--workspace", "--bin", PROGRAM]))?;
    let this = std::env::current_exe().context("cannot find the path of this program")?;
    Ok(this.with_file_name(PROGRAM))
}
