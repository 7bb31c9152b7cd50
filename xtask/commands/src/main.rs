//! The commands of `cargo xtask` that talk to AWS or run the local stack, one module each.
//!
//! `cargo xtask` builds this program and starts it with its own arguments.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command line talks to people")]

mod bench;
mod build;
mod connect;
mod deploy;
mod destroy;
mod diff;
mod drift;
mod keys;
mod local;
mod logs;
mod operator;
mod outputs;
mod publish;
mod queue;
mod releases;
mod render;
mod review_text;
mod rollback;
mod status;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};
use command_line::{Outcome, finish};
use machine::command::block_on;

use self::operator::said_by_aws;

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
    /// Build the functions into target/lambda, the same bytes for the same source.
    Build(build::Arguments),
    /// Print the IAM policies of whoever looks at an environment or deploys it.
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
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    finish(|| run(arguments.command), said_by_aws)
}

fn run(command: Command) -> Result<Outcome> {
    match command {
        Command::Bench(arguments) => bench::run(&arguments),
        Command::Build(arguments) => block_on(build::run(arguments)),
        Command::Deploy(arguments) => block_on(deploy::run(arguments)),
        Command::Destroy(arguments) => block_on(destroy::run(arguments)),
        Command::Diff(arguments) => block_on(diff::run(arguments)),
        Command::Drift(arguments) => block_on(drift::run(arguments)),
        Command::Keys(command) => block_on(keys::run(command)),
        Command::Local(arguments) => block_on(local::run(arguments)),
        Command::Logs(arguments) => block_on(logs::run(arguments)),
        Command::Outputs(arguments) => block_on(outputs::run(arguments)),
        Command::Publish(arguments) => block_on(publish::run(arguments)),
        Command::Queue(command) => block_on(queue::run(command)),
        Command::Releases(arguments) => block_on(releases::run(arguments)),
        Command::Render(arguments) => block_on(render::run(arguments)),
        Command::Rollback(arguments) => block_on(rollback::run(arguments)),
        Command::Status(arguments) => block_on(status::run(arguments)),
    }
}
