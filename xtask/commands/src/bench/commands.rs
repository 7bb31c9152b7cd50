//! The command line: rendering, the start of the local stack, reviews and deployments.
//!
//! The commands are the programs that `cargo xtask` starts.

use std::hint::black_box;
use std::num::NonZeroU16;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use command_line::environment;
use command_line::terminal::Step;
use deploy::Consent;
use deploy::connection::{self, Emulator, LocalStack};
use deploy::deployment::{Deployment, Options, Subject};
use local_stack::StackFile;
use machine::workspace;
use operator::connect::read_stack_file;
use stack::Environment;
use tokio::process::Command;
use tokio::time::{MissedTickBehavior, interval};

use super::Effort;
use super::figure::{Figure, Figures, in_seconds};
use super::single_function::credentials_of;
use crate::build::profile;
use crate::only_warnings::OnlyWarnings;

const RENDERINGS: usize = 50;
const STARTS: usize = 5;
const REVIEWS: usize = 15;

const RENDER_TARGET: f64 = 0.05;
const REVIEW_TARGET: f64 = 0.7;
const DEPLOY_TARGET: f64 = 2.0;

pub(super) async fn measure(figures: &mut Figures, effort: Effort) -> Result<()> {
    figures.add(measure_rendering(effort)?);
    let program = std::env::current_exe().context("could not determine the path of this program")?;
    measure_reviews(figures, &program, effort).await?;
    figures.add(measure_deployments(&program, effort).await?);
    figures.add(measure_starts(&program, effort).await?);
    Ok(())
}

fn measure_rendering(effort: Effort) -> Result<Figure> {
    let step = Step::begin("render");
    let environment = environment::load("prod")?;
    let template = stack::preview(&environment)?.to_value();
    let (mut times, mut limits) = (Vec::new(), Vec::new());
    let rounds = effort.rounds(RENDERINGS);
    for _ in 0..rounds {
        let start = Instant::now();
        black_box(stack::preview(&environment)?.to_json());
        let rendered = Instant::now();
        black_box(serde_json::to_string_pretty(&template)?);
        limits.push(rendered.elapsed());
        times.push(rendered - start);
    }
    step.done(format!("{rounds} times the template of prod"));
    let figure = Figure::times("render the template of prod", &times);
    Ok(figure.limited_by("its text from memory", in_seconds(&limits)).target(RENDER_TARGET))
}

/// Measures `diff` and a deployment without changes.
async fn measure_reviews(figures: &mut Figures, program: &Path, effort: Effort) -> Result<()> {
    let rounds = effort.rounds(REVIEWS);
    let step = Step::begin("reviews");
    let commands = [
        ("diff without changes", &["diff", "--env", "local"][..]),
        ("deploy without changes", &["deploy", "--env", "local", "--yes"]),
    ];
    for (name, arguments) in commands {
        let (mut times, mut limits) = (Vec::new(), Vec::new());
        // The first one builds what has changed.
        time(program, arguments).await?;
        for _ in 0..rounds {
            limits.push(time(program, &["--help"]).await?);
            times.push(time(program, arguments).await?);
        }
        let figure = Figure::times(name, &times).limited_by("`--help`", in_seconds(&limits));
        figures.add(figure.target(REVIEW_TARGET));
    }
    step.done(format!("{rounds} of each kind"));
    Ok(())
}

/// Measures deployments of a template in which one line has changed.
async fn measure_deployments(program: &Path, effort: Effort) -> Result<Figure> {
    let environment = environment::load(local_stack::ENVIRONMENT)?;
    let days = environment.signing_key_rotation_days.saturating_add(1);
    let changed = Environment { signing_key_rotation_days: days, ..environment.clone() };
    let (mut times, mut limits) = (Vec::new(), Vec::new());
    let pairs = effort.rounds(REVIEWS).div_ceil(2);
    // The id of a release has the second of its creation, so two releases cannot be of the same one.
    let mut seconds = interval(Duration::from_millis(1_100));
    seconds.set_missed_tick_behavior(MissedTickBehavior::Delay);
    for environment in std::iter::repeat_n([&changed, &environment], pairs).flatten() {
        seconds.tick().await;
        limits.push(time(program, &["--help"]).await?);
        times.push(deploy(environment, environment.signing_key_rotation_days).await?);
    }
    let figure = Figure::times("deploy a change of one line", &times);
    Ok(figure.limited_by("`--help`", in_seconds(&limits)).target(DEPLOY_TARGET))
}

async fn deploy(environment: &Environment, days: NonZeroU16) -> Result<Duration> {
    let start = Instant::now();
    let stack = read_stack_file::<StackFile>()?;
    let credentials = credentials_of(&stack, "deployer")?.into();
    let emulator = Emulator { endpoint_url: stack.aws_endpoint_url, credentials };
    // The steps of each deployment would hide the figures.
    let mut connection =
        connection::connect_to_emulator(environment, &emulator, Arc::new(OnlyWarnings)).await?;
    connection.local = Some(read_stack_file::<LocalStack>()?);
    let options = Options::new(Consent::Given);
    let subject = Subject::Source(profile(environment, &connection));
    let deployment = Deployment::new(environment, &connection, &options, subject, &|_| {});
    let deployed = deployment.apply().await.with_context(|| format!("cannot deploy {days} days"))?;
    deployment.verify(deployed.context("the deployment was not waited for")?).await?;
    Ok(start.elapsed())
}

/// Measures how long another local stack takes until a command runs in it.
async fn measure_starts(program: &Path, effort: Effort) -> Result<Figure> {
    let step = Step::begin("starts");
    let state = workspace::target().join("bench-start");
    let state = state.to_str().context("the target directory is not UTF-8")?;
    let (mut times, mut limits) = (Vec::new(), Vec::new());
    let rounds = effort.rounds(STARTS);
    for _ in 0..rounds {
        limits.push(time(program, &["--help"]).await?);
        times.push(time(program, &["local", "--release", "--state", state, "--", "true"]).await?);
    }
    step.done(format!("{rounds} of the local stack"));
    let figure = Figure::times("start and end of the local stack", &times);
    Ok(figure.limited_by("`--help`", in_seconds(&limits)))
}

/// Runs this program, and returns how long it takes.
async fn time(program: &Path, arguments: &[&str]) -> Result<Duration> {
    let start = Instant::now();
    let output = Command::new(program).args(arguments).stdin(Stdio::null()).kill_on_drop(true).output();
    let output = output.await.context("this program cannot start itself")?;
    let time = start.elapsed();
    let messages = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "`{}` failed ({}): {messages}", arguments.join(" "), output.status);
    Ok(time)
}
