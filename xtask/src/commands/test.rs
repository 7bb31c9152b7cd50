//! `cargo xtask test`

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
    let mut command = command::cargo();
    command.args(["test", "--workspace"]).args(&arguments.arguments);
    command::run_blocking(&mut command)?;
    Ok(Outcome::Done)
}
