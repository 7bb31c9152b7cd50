//! The command line of the packages service: `cargo xtask <command>`.
//!
//! Data goes to standard output, everything else to standard error. Exit codes: 0 done, 1 failed, 2 wrong usage,
//! 3 there are differences.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command line talks to people")]

mod apply;
mod artifact_bucket;
mod artifacts;
mod aws;
mod bench;
mod build;
mod candidate;
mod cargo_deny;
mod cargo_tool;
mod ci;
mod clock;
mod consent;
mod deploy;
mod deployed_stack;
mod destroy;
mod diff;
mod doctor;
mod drift;
mod environment;
mod events;
mod existing;
mod fuzz;
mod keys;
mod local;
mod lock;
mod logs;
mod openapi;
mod outputs;
mod platform_facts;
mod process;
mod publish;
mod queue;
mod release;
mod releases;
mod render;
mod review;
mod rollback;
mod stack_file;
mod stack_resources;
mod status;
mod terminal;
mod test;
mod time_span;
mod tools;
mod workspace;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

/// Builds, runs and ships the packages service.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", disable_help_subcommand = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run the whole system on this machine: database, AWS emulator, functions, gateway, CDN edge, demo data.
    Local(local::Arguments),
    /// Run all tests; installs what they need.
    Test(test::Arguments),
    /// Run all that CI runs: formatting, lints, generated files, templates, licences, tests.
    Ci,
    /// Feed what parses untrusted input with inputs that were never thought of.
    Fuzz(fuzz::Arguments),
    /// Build the functions into target/lambda, the same bytes for the same source.
    Build(build::Arguments),
    /// Write openapi/openapi.json and openapi/gateway.json.
    Openapi(openapi::Arguments),
    /// Print the CloudFormation template of an environment.
    Render(render::Arguments),
    /// Show what a deployment would change; needs read rights only.
    Diff(diff::Arguments),
    /// Build, review, upload and apply an environment's stack.
    Deploy(deploy::Arguments),
    /// Make a release ready for an environment, and deploy nothing.
    Publish(publish::Arguments),
    /// List the releases of an environment.
    Releases(releases::Arguments),
    /// Put an earlier release back.
    Rollback(rollback::Arguments),
    /// Show how an environment is.
    Status(status::Arguments),
    /// Print the outputs of a deployed stack as JSON.
    Outputs(outputs::Arguments),
    /// Show the resources that are not as the stack made them.
    Drift(drift::Arguments),
    /// Print what the functions have logged.
    Logs(logs::Arguments),
    /// The keys that sign CDN URLs.
    #[command(subcommand)]
    Keys(keys::Command),
    /// The restore queue and its dead letters.
    #[command(subcommand)]
    Queue(queue::Command),
    /// Delete an environment's stack; what is protected, and the bucket of the assets, stays.
    Destroy(destroy::Arguments),
    /// Measure the functions, and hold the figures against their limits.
    Bench(bench::Arguments),
    /// Show what is installed, what is missing, and how to get it.
    Doctor,
}

/// How a command ended, when it did not fail.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Outcome {
    /// It did what was asked.
    Done,
    /// It found differences.
    Differences,
    /// A command that it ran ended with this code.
    Code(u8),
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    events::show();
    match run(arguments.command) {
        Ok(Outcome::Done) => ExitCode::SUCCESS,
        Ok(Outcome::Differences) => ExitCode::from(3),
        Ok(Outcome::Code(code)) => ExitCode::from(code),
        Err(error) => {
            terminal::error(&error);
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Result<Outcome> {
    match command {
        Command::Bench(arguments) => bench::run(&arguments),
        Command::Ci => ci::run(),
        Command::Openapi(arguments) => openapi::run(&arguments),
        Command::Render(arguments) => process::block_on(render::run(&arguments)),
        Command::Test(arguments) => test::run(&arguments),
        Command::Fuzz(arguments) => fuzz::run(&arguments),
        Command::Build(arguments) => process::block_on(build::run(arguments)),
        Command::Diff(arguments) => process::block_on(diff::run(arguments)),
        Command::Publish(arguments) => process::block_on(publish::run(arguments)),
        Command::Releases(arguments) => process::block_on(releases::run(arguments)),
        Command::Rollback(arguments) => process::block_on(rollback::run(arguments)),
        Command::Status(arguments) => process::block_on(status::run(arguments)),
        Command::Destroy(arguments) => process::block_on(destroy::run(arguments)),
        Command::Deploy(arguments) => process::block_on(deploy::run(arguments)),
        Command::Outputs(arguments) => process::block_on(outputs::run(arguments)),
        Command::Drift(arguments) => process::block_on(drift::run(arguments)),
        Command::Logs(arguments) => process::block_on(logs::run(arguments)),
        Command::Keys(command) => process::block_on(keys::run(command)),
        Command::Queue(command) => process::block_on(queue::run(command)),
        Command::Doctor => process::block_on(doctor::run()),
        Command::Local(arguments) => local::run(arguments),
    }
}
