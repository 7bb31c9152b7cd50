//! Forwards commands to the programs that contain the AWS SDK, and take minutes to compile the first time.
//!
//! `packages` has the commands for what is deployed, and compiles even where the functions do not. `xtask-commands` has
//! all others, with the local stack.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::Stdio;

use anyhow::{Context, Result, anyhow};
use clap::{Args, Command};
use command_line::Outcome;
use command_line::description::CommandDescription;
use command_line::is_quiet;
use command_line::reference::Section;
use machine::command;
use serde::de::DeserializeOwned;

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
    let program = build(program, is_quiet())?;
    let error = std::process::Command::new(&program).args(std::env::args_os().skip(1)).exec();
    Err(anyhow!(error).context(format!("cannot start {}", program.display())))
}

/// Runs a command of a program, and shows nothing of it but warnings and errors.
pub(crate) fn run_silently(program: Program, arguments: &[&OsStr]) -> Result<()> {
    let mut command = std::process::Command::new(build(program, true)?);
    command::run_blocking(command.args(arguments).stdout(Stdio::null()))
}

/// Returns the help of all commands that are forwarded.
pub(crate) fn reference() -> Result<Vec<Section>> {
    read("reference")
}

/// Returns a command in which every forwarded command has its own options and subcommands.
pub(crate) fn with_descriptions(command: Command) -> Result<Command> {
    let description: CommandDescription = read("describe")?;
    let subcommands = description.into_subcommands().into_iter();
    let mut forwarded: BTreeMap<String, CommandDescription> =
        subcommands.map(|subcommand| (subcommand.name().to_owned(), subcommand)).collect();
    Ok(command.mut_subcommands(|subcommand| {
        let is_forwarded = subcommand.is_disable_help_flag_set();
        let description = is_forwarded.then(|| forwarded.remove(subcommand.get_name())).flatten();
        description.map_or(subcommand, CommandDescription::into_command)
    }))
}

/// Reads what a hidden command of the other program prints.
fn read<T: DeserializeOwned>(command: &str) -> Result<T> {
    let program = build(Program::Commands, is_quiet())?;
    let output = std::process::Command::new(&program).arg(command).output();
    let output = output.with_context(|| format!("cannot start {}", program.display()))?;
    serde_json::from_slice(&output.stdout)
        .with_context(|| format!("cannot read what `{} {command}` prints", program.display()))
}

/// Builds a program if its source has changed, and returns its path.
fn build(program: Program, is_quiet: bool) -> Result<PathBuf> {
    let name = program.name();
    // Selecting the workspace enables the same features of dependencies as in other builds, so none is built twice.
    let mut build = command::cargo();
    build.args(["build", "--workspace", "--bin", name]);
    if is_quiet {
        build.arg("--quiet");
    }
    command::run_blocking(&mut build)?;
    let this = std::env::current_exe().context("cannot find the path of this program")?;
    Ok(this.with_file_name(name))
}
