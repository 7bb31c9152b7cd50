//! `cargo xtask viewer-page`: compiles the page of the viewer.

use anyhow::{Context as _, Result};
use clap::Args;
use command_line::Outcome;
use command_line::terminal::TerminalProgress;
use machine::command;
use machine::node::VIEWER_PAGE;

/// Options of `viewer-page`.
#[derive(Args)]
pub(crate) struct Arguments {
    /// Change nothing; exit with 3 if a file is out of date.
    #[arg(long)]
    check: bool,
}

/// The exit code of the compiler for files that are out of date.
const OUT_OF_DATE: i32 = 3;

pub(crate) fn run(arguments: &Arguments) -> Result<Outcome> {
    if !arguments.check {
        command::run_blocking(&mut VIEWER_PAGE.script("build", &TerminalProgress)?)?;
        return Ok(Outcome::Done);
    }
    let mut check = VIEWER_PAGE.script("current", &TerminalProgress)?;
    let status = check.status().context("npm does not start")?;
    match status.code() {
        Some(0) => Ok(Outcome::Done),
        Some(OUT_OF_DATE) => Ok(Outcome::Differences),
        _ => anyhow::bail!("the page of the viewer does not compile; the reason is above"),
    }
}
