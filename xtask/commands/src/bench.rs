//! `cargo xtask bench`: measures the functions and checks their limits.
//!
//! It uses the binaries that run on Lambda.

mod api;
mod cold_start;
mod edge;
mod figure;
mod guard;
mod instructions;
mod pool;
mod render;
mod replay;
mod restore;
mod scale;
mod signing;

use anyhow::{Context, Result};
use clap::{Args, ValueEnum};
use command_line::{Outcome, output, terminal};
use machine::{command, workspace};

use self::figure::Figures;

/// Options of `bench`.
#[derive(Args)]
pub(crate) struct Arguments {
    /// What to measure [default: everything].
    #[arg(value_enum)]
    subjects: Vec<Subject>,
}

/// What can be measured.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Subject {
    /// The time to render a template.
    Render,
    /// The time to sign a URL with each kind of key, in a release build.
    Signing,
    /// The instructions of hot code, which do not depend on other load.
    Instructions,
    /// The API function: size, cold start, and the time of each endpoint above its minimum.
    Api,
    /// The restore function: SQL statements, AWS calls, time and memory for several folder sizes.
    Restore,
    /// The CDN of the local stack: chunks per second, each with a signature.
    Edge,
    /// The guard of the local stack: what it adds to requests to the emulator, and to a restore.
    Guard,
    /// The function pool of the local stack with 1, 2 and 4 instances, against the queue of the simulation.
    Pool,
    /// A simulation of the service at 1 to 1,000 times its load: latency, rejected requests, and the first limit.
    Scale,
}

pub(crate) fn run(arguments: &Arguments) -> Result<Outcome> {
    let named = &arguments.subjects;
    let subjects = if named.is_empty() { Subject::value_variants() } else { named };
    for subject in subjects {
        let mut figures = Figures::default();
        match subject {
            Subject::Render => render::measure(&mut figures)?,
            Subject::Instructions => instructions::measure(&mut figures)?,
            Subject::Scale => scale::measure(&mut figures)?,
            Subject::Signing => command::block_on(signing::measure(&mut figures))?,
            Subject::Api | Subject::Edge | Subject::Pool if std::env::var_os("PACKAGES_STACK").is_none() => {
                measure_on_own_stack(*subject)?;
                continue;
            }
            Subject::Api => command::block_on(api::measure(&mut figures))?,
            Subject::Edge => command::block_on(edge::measure(&mut figures))?,
            Subject::Guard => command::block_on(guard::measure(&mut figures))?,
            Subject::Pool => command::block_on(pool::measure(&mut figures))?,
            Subject::Restore => command::block_on(restore::measure(&mut figures))?,
        }
        output::print(format_args!("{figures}\n"))?;
        figures.verdict()?;
    }
    Ok(Outcome::Done)
}

/// Measures on a local stack that is started for it.
///
/// The stack runs this command again.
fn measure_on_own_stack(subject: Subject) -> Result<()> {
    terminal::say("starting a local stack to measure on …");
    let program = std::env::current_exe().context("this program cannot be found")?;
    let name = subject.to_possible_value().context("it has no name")?;
    let mut command = std::process::Command::new(&program);
    command.args(["local", "--state"]).arg(workspace::target().join("bench"));
    if subject == Subject::Api {
        command.arg("--release");
    }
    command.arg("--").arg(&program).args(["bench", name.get_name()]);
    command::run_blocking(&mut command)
}
