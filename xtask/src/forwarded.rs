//! Forwards commands to the programs that contain the AWS SDK, and take minutes to compile the first time.
//!
//! `packages` has the commands for what is deployed, and compiles even where the functions do not. `xtask-commands` has
//! all others, with the local stack.

use std::ffi::OsString;
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;

use anyhow::{Context, Result, anyhow};
use clap::Args;
use command_line::Outcome;
use command_line::reference::Section;
use machine::command;

/// A program that commands are forwarded to.
#[derive(Clone, Copy)]
pub(crate) enum Program {
    /// The commands for what is deployed.
    Operator,
    /// All other commands.
    Commands,
}

impl Program {
    fn name(self) -> &'static str {
        match self {
            Self::Operator => "packages",
            Self::Commands => "xtask-commands",
        }
    }
}

/// Whatever follows the name of the command; the other program parses it.
#[derive(Args)]
#[command(disable_help_flag = true)]
pub(crate) struct Forwarded {
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "OPTIONS")]
    arguments: Vec<OsString>,
}

impl Forwarded {
    /// Returns the program for a command that works on the source, or on the release that `--release` names.
    pub(crate) fn program_for_source_or_release(&self) -> Program {
        let names_release = |argument: &OsString| {
            argument.to_str().is_some_and(|it| it == "--release" || it.starts_with("--release="))
        };
        if self.arguments.iter().any(names_release) { Program::Operator } else { Program::Commands }
    }
}

/// Replaces this process with a program, with the same arguments.
pub(crate) fn run(program: Program) -> Result<Outcome> {
    let program = build(program)?;
    let error = std::process::Command::new(&program).args(std::env::args_os().skip(1)).exec();
    Err(anyhow!(error).context(format!("cannot start {}", program.display())))
}

/// Returns the help of all commands that are forwarded.
pub(crate) fn reference() -> Result<Vec<Section>> {
    let program = build(Program::Commands)?;
    let output = std::process::Command::new(&program).arg("reference").output();
    let output = output.with_context(|| format!("cannot start {}", program.display()))?;
    serde_json::from_slice(&output.stdout).context("cannot read the help of the commands")
}

/// Builds a program if its source has changed, and returns its path.
fn build(program: Program) -> Result<PathBuf> {
    let name = program.name();
    // Selecting the workspace enables the same features of dependencies as in other builds, so none is built twice.
    command::run_blocking(command::cargo().args(["build", "--workspace", "--bin", name]))?;
    let this = std::env::current_exe().context("cannot find the path of this program")?;
    Ok(this.with_file_name(name))
}
