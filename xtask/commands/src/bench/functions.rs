//! The size of each function, and the time and memory of its cold start.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use command_line::environment;
use command_line::terminal::Step;
use deploy::build::{self, Profile};
use deploy::deployed_stack::DeployedStack;
use local_stack::StackFile;
use operator::connect::{connect, read_stack_file};
use operator::terminal::Terminal;
use stack::{FunctionName, OutputName};
use tokio::process::Command;

use super::Effort;
use super::cold_start::cold_start;
use super::figure::{Figure, Figures, in_seconds};
use super::single_function::{deployed_function, variables};
use super::unit::Unit;
use crate::load::span::number;

const COLD_STARTS: usize = 60;

const COLD_START_TARGET: Duration = Duration::from_millis(3);
const MEMORY_TARGET: f64 = 7e6;
const OLDER_COLD_START: Duration = Duration::from_millis(16);
const OLDER_MEMORY: f64 = 14e6;

pub(super) async fn measure(figures: &mut Figures, effort: Effort) -> Result<()> {
    let environment = environment::load(local_stack::ENVIRONMENT)?;
    let stack = read_stack_file::<StackFile>()?;
    ensure!(stack.release, "this stack runs development builds; start it with `cargo xtask local --release`");
    let profile = Profile::Release(environment.architecture);
    let connection = connect(&environment).await?;
    let outputs = DeployedStack::get(&connection.cloudformation(), &environment).await?.outputs;
    let built = build::build(profile, &Terminal).await?;
    let step = Step::begin("cold starts");
    let rounds = effort.rounds(COLD_STARTS);
    for function in built {
        let name = function.name.as_str();
        let deployed = deployed_function(&stack, outputs.get(name_output(function.name))?).await?;
        let variables = variables(&deployed, &stack)?;
        let bootstrap = build::bootstrap(profile, function.name);
        let (mut times, mut memory, mut floors) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..rounds {
            floors.push(start_of_empty_program().await?);
            let start = cold_start(&bootstrap, &variables).await?;
            times.push(start.time);
            memory.push(number(start.resident));
        }
        let cold_start = Figure::times(format!("{name}: cold start, start to first poll"), &times);
        figures.add(
            cold_start
                .limited_by("the start and end of an empty program", in_seconds(&floors))
                .target(COLD_START_TARGET.as_secs_f64())
                .older(OLDER_COLD_START.as_secs_f64()),
        );
        let memory = Figure::new(format!("{name}: resident memory at the first poll"), Unit::Bytes, memory);
        figures.add(memory.target(MEMORY_TARGET).older(OLDER_MEMORY));
        let zip = Figure::new(format!("{name}: zip"), Unit::Bytes, vec![number(function.size)]);
        figures.add(zip.target(size_target(function.name)));
    }
    step.done(format!("{rounds} of each function"));
    Ok(())
}

/// Returns the largest size of a function's zip file, in bytes.
fn size_target(function: FunctionName) -> f64 {
    match function {
        FunctionName::Authorizer => 4e6,
        FunctionName::Api | FunctionName::Restore => 5e6,
    }
}

fn name_output(function: FunctionName) -> OutputName {
    match function {
        FunctionName::Api => OutputName::ApiFunctionName,
        FunctionName::Authorizer => OutputName::AuthorizerFunctionName,
        FunctionName::Restore => OutputName::RestoreFunctionName,
    }
}

/// Measures the start of a program that does nothing.
async fn start_of_empty_program() -> Result<Duration> {
    let start = Instant::now();
    let status = Command::new("true").env_clear().status().await.context("`true` could not be started")?;
    ensure!(status.success(), "`true` failed");
    Ok(start.elapsed())
}
