//! `cargo xtask bench`: measures the service and compares the figures with what is possible, with their targets, and
//! with an earlier run.
//!
//! It uses the binaries that run on Lambda.

mod api;
mod cold_start;
mod commands;
mod comparison;
mod distribution;
mod document;
mod edge;
mod figure;
mod functions;
mod guard;
mod instructions;
mod pool;
mod record;
mod replay;
mod restore;
mod scale;
mod signing;
mod single_function;
mod unit;

use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;

use anyhow::{Context, Result, anyhow};
use clap::{Args, ValueEnum};
use command_line::{Outcome, output, terminal};
use machine::{command, workspace};
use serde::{Deserialize, Serialize};

use self::comparison::Comparison;
use self::figure::Figures;
use self::record::Record;

/// How often a subject is measured at most when it is compared.
const MOST_MEASUREMENTS: u32 = 4;

/// Options of `bench`.
#[derive(Args)]
pub(crate) struct Arguments {
    /// What to measure [default: everything].
    #[arg(value_enum, value_name = "NAME")]
    subjects: Vec<Subject>,
    /// Measure less often and leave out the largest restores, for a first impression.
    #[arg(long)]
    quick: bool,
    /// Write the figures to this file.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Compare the figures with those of an earlier run, which wrote this file. What is not certain is measured again, up to
    /// four times. Ends with 3 if a figure is worse by more than 15 %.
    #[arg(long, value_name = "FILE")]
    compare: Option<PathBuf>,
    /// Write docs/benchmarks.md with its charts, and docs/benchmarks.json.
    #[arg(long, conflicts_with_all = ["subjects", "quick"])]
    document: bool,
}

/// What can be measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Subject {
    /// The signatures of each kind of key, in a release build.
    Signing,
    /// The instructions of signatures, checks, responses and the planning of a restore, which the machine does not affect.
    Instructions,
    /// The functions: size, time and memory of a cold start.
    Functions,
    /// The API function and the authorizer: latency of each endpoint, throughput, and what the gateway adds.
    Api,
    /// The restore function: SQL statements, AWS calls, time and memory for several folder sizes.
    Restore,
    /// The CDN of the local stack: chunks per second, each with a signature.
    Edge,
    /// The guard of the local stack: what it adds to requests to the emulator, and to a restore.
    Guard,
    /// The command line: rendering, the start of the local stack, reviews and deployments.
    Commands,
    /// The function pool of the local stack with 1, 2 and 4 instances, against the queue of the simulation.
    Pool,
    /// A simulation of the service at 1 to 1,000 times its load: latency, rejected requests, and the first limit.
    Scale,
}

/// How much is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Effort {
    is_quick: bool,
}

impl Effort {
    /// Returns how often to measure, from how often it takes for a narrow interval.
    fn rounds(self, full: usize) -> usize {
        if self.is_quick { full.div_ceil(5) } else { full }
    }
}

pub(crate) fn run(arguments: &Arguments) -> Result<Outcome> {
    let before = arguments.compare.as_deref().map(Record::read).transpose()?;
    let subjects =
        if arguments.subjects.is_empty() { Subject::value_variants() } else { &arguments.subjects };
    if subjects.iter().any(|subject| subject.needs_stack()) && std::env::var_os("PACKAGES_STACK").is_none() {
        return command::block_on(run_on_own_stack());
    }
    let effort = Effort { is_quick: arguments.quick };
    let mut record = Record::begin(arguments.quick)?;
    for subject in subjects {
        let figures = measure_until_certain(*subject, effort, before.as_ref())?;
        output::print(format_args!("{figures}\n"))?;
        record.subjects.push(figures);
    }
    if let Some(path) = &arguments.json {
        record.write(path)?;
    }
    if arguments.document {
        document::write(&record)?;
    }
    let missed: Vec<String> = record.subjects.iter().flat_map(Figures::missed).collect();
    if !missed.is_empty() {
        terminal::say(format!("missed targets:\n  {}", missed.join("\n  ")));
    }
    match before {
        Some(before) => compare(&before, &record),
        None if missed.is_empty() => Ok(Outcome::Done),
        None => Ok(Outcome::Differences),
    }
}

/// Shows what changed between two runs.
fn compare(before: &Record, now: &Record) -> Result<Outcome> {
    let compared = now.subjects.iter().filter(|figures| figures.subject.is_compared());
    let comparisons = compared.map(|figures| Comparison::new(before, figures));
    let Some(comparison) = comparisons.reduce(Comparison::and) else { return Ok(Outcome::Done) };
    let (commit, time) = (&before.commit, before.measured_at.format("%Y-%m-%d %H:%M UTC"));
    output::print(format_args!("compared with commit {commit}, measured {time}:\n{comparison}\n"))?;
    Ok(if comparison.has_regression() { Outcome::Differences } else { Outcome::Done })
}

/// Measures once, or in a comparison until it is certain which figures are worse.
fn measure_until_certain(subject: Subject, effort: Effort, before: Option<&Record>) -> Result<Figures> {
    let mut figures = measure(subject, effort)?;
    let Some(before) = before.filter(|_| subject.is_compared()) else { return Ok(figures) };
    let mut measurements = 1;
    while measurements < MOST_MEASUREMENTS && !Comparison::new(before, &figures).is_decided(measurements) {
        terminal::say(format!("{subject} is not certain yet, measuring again …"));
        figures.merge(measure(subject, effort)?)?;
        measurements += 1;
    }
    Ok(figures)
}

fn measure(subject: Subject, effort: Effort) -> Result<Figures> {
    let mut figures = Figures::new(subject);
    match subject {
        Subject::Signing => until_interrupted(signing::measure(&mut figures, effort)),
        Subject::Instructions => instructions::measure(&mut figures),
        Subject::Functions => until_interrupted(functions::measure(&mut figures, effort)),
        Subject::Api => until_interrupted(api::measure(&mut figures, effort)),
        Subject::Restore => command::block_on(restore::measure(&mut figures, effort)),
        Subject::Edge => until_interrupted(edge::measure(&mut figures, effort)),
        Subject::Guard => command::block_on(guard::measure(&mut figures, effort)),
        Subject::Commands => until_interrupted(commands::measure(&mut figures, effort)),
        Subject::Pool => until_interrupted(pool::measure(&mut figures)),
        Subject::Scale => scale::measure(&mut figures),
    }?;
    Ok(figures)
}

/// Runs a measurement, and ends it and the programs that it has started on Ctrl-C.
fn until_interrupted(measurement: impl Future<Output = Result<()>>) -> Result<()> {
    command::block_on(async {
        tokio::select! {
            outcome = measurement => outcome,
            interrupted = command::interrupted() => interrupted.and_then(|()| Err(anyhow!("interrupted"))),
        }
    })
}

impl Subject {
    /// Returns whether it is measured on a running local stack.
    fn needs_stack(self) -> bool {
        matches!(self, Self::Functions | Self::Api | Self::Edge | Self::Commands | Self::Pool)
    }

    /// Returns whether its figures are compared with those of an earlier run: whether they are those of our code, and not
    /// of a simulation.
    fn is_compared(self) -> bool {
        !matches!(self, Self::Pool | Self::Scale)
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.to_possible_value() {
            Some(value) => formatter.write_str(value.get_name()),
            None => Err(fmt::Error),
        }
    }
}

/// Runs this command again on a local stack that is started for it.
async fn run_on_own_stack() -> Result<Outcome> {
    terminal::say("starting a local stack to measure on …");
    let program = std::env::current_exe().context("could not determine the path of this program")?;
    let mut arguments: Vec<OsString> = vec!["local".into(), "--release".into(), "--state".into()];
    arguments.push(workspace::target().join("bench").into());
    arguments.extend(["--".into(), program.clone().into()]);
    arguments.extend(std::env::args_os().skip(1));
    let mut stack = tokio::process::Command::new(program);
    // Ctrl-C reaches the stack and this command in it, which end by themselves.
    let status = stack.args(arguments).status().await.context("the local stack could not be started")?;
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    Ok(Outcome::Code(code.context("the local stack was ended by a signal")?))
}
