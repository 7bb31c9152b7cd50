//! `cargo xtask bench`: the figures that the functions are held to, with the binaries that Lambda would run.

mod api;
mod cold_start;
mod figure;
mod signing;

use anyhow::{Context, Result};
use clap::{Args, ValueEnum};

use self::figure::Figures;
use crate::{Outcome, process, terminal, workspace};

/// Options of `bench`.
#[derive(Args)]
pub(crate) struct Arguments {
    /// What to measure; everything where nothing is named.
    #[arg(value_enum)]
    subjects: Vec<Subject>,
}

/// What can be measured.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Subject {
    /// Cold start, size, and the time that each endpoint adds to a round trip.
    Api,
    /// The kinds of CloudFront signatures, side by side.
    Signing,
}

/// Measure on the local stack that runs this command, else on one of its own.
pub(crate) fn run(arguments: &Arguments) -> Result<Outcome> {
    if std::env::var_os("PACKAGES_STACK").is_none() {
        return run_on_own_stack(arguments);
    }
    let all = [Subject::Signing, Subject::Api];
    let subjects = if arguments.subjects.is_empty() { &all[..] } else { &arguments.subjects };
    let mut figures = Figures::default();
    for subject in subjects {
        match subject {
            Subject::Api => process::block_on(api::measure(&mut figures))?,
            Subject::Signing => signing::measure(&mut figures)?,
        }
    }
    println!("{figures}");
    figures.verdict()
}

fn run_on_own_stack(arguments: &Arguments) -> Result<Outcome> {
    terminal::say("starting a local stack to measure on …");
    let program = std::env::current_exe().context("this program cannot be found")?;
    let mut command = std::process::Command::new(&program);
    command.args(["local", "--release", "--state"]).arg(workspace::target().join("bench"));
    command.arg("--").arg(&program).arg("bench");
    for subject in &arguments.subjects {
        command.args(subject.to_possible_value().map(|value| value.get_name().to_owned()));
    }
    process::run_blocking(&mut command)?;
    Ok(Outcome::Done)
}
