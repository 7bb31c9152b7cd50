//! `cargo xtask test`

use anyhow::Result;
use clap::Args;

use crate::{Outcome, process};

/// Options of `test`.
#[derive(Args, Default)]
pub(crate) struct Arguments {
    /// What `cargo test` takes: names of tests, or options after a second `--`.
    #[arg(last = true)]
    arguments: Vec<String>,
}

pub(crate) fn run(arguments: &Arguments) -> Result<Outcome> {
    let mut command = process::cargo();
    command.args(["test", "--workspace"]).args(&arguments.arguments);
    process::run_blocking(&mut command)?;
    Ok(Outcome::Done)
}
