//! `cargo xtask test`: runs all tests.

use std::process::Command;

use anyhow::Result;
use clap::Args;
use command_line::Outcome;
use machine::command;

/// Options of `test`.
#[derive(Args, Default)]
pub(crate) struct Arguments {
    /// What `cargo test` takes: names of tests, or options after a second `--`.
    #[arg(last = true)]
    arguments: Vec<String>,
}

pub(crate) fn run(arguments: &Arguments) -> Result<Outcome> {
    command::run_blocking(&mut command(arguments))?;
    Ok(Outcome::Done)
}

/// Returns the command that runs the tests.
pub(crate) fn command(arguments: &Arguments) -> Command {
    let mut command = command::cargo();
    command.args(["test", "--workspace"]).args(&arguments.arguments);
    command
}
