//! `cargo xtask test`: runs all tests.

use std::process::Command;
use std::thread::available_parallelism;

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

/// The variable with the number of tests that run at the same time:
/// <https://doc.rust-lang.org/rustc/tests/index.html#--test-threads-num_threads>.
const THREADS: &str = "RUST_TEST_THREADS";

/// Returns the command that runs the tests.
pub(crate) fn command(arguments: &Arguments) -> Command {
    let mut command = command::cargo();
    command.args(["test", "--workspace"]).args(&arguments.arguments);
    if std::env::var_os(THREADS).is_none() {
        // The end-to-end tests mostly wait: for the local stack, and for their turn on a stack that they change.
        let cores = available_parallelism().map_or(1, usize::from);
        command.env(THREADS, (3 * cores).to_string());
    }
    command
}
