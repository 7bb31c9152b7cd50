//! The commands of `cargo xtask` that talk to AWS or run the local stack, one module each.
//!
//! `cargo xtask` builds this program and starts it with its own arguments.

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
use clap::{CommandFactory as _, Parser, Subcommand};
use command_line::reference::sections;
use command_line::{Outcome, finish, output};
use machine::command::block_on;

use self::operator::aws_error_message;

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
    /// Build the functions into target/lambda; the same source gives the same bytes.
    Build(build::Arguments),
    /// Print the IAM policies that reviewing and deploying an environment need.
    Render(render::Arguments),
    /// Show what a deployment would change; needs only read permissions.
    Diff(diff::Arguments),
    /// Build, review, upload and apply an environment's stack.
    Deploy(deploy::Arguments),
    /// Upload a release for an environment without deploying it.
    Publish(publish::Arguments),
    /// List the releases of an environment.
    Releases(releases::Arguments),
    /// Deploy an earlier release again.
    Rollback(rollback::Arguments),
    /// Show the state of an environment.
    Status(status::Arguments),
    /// Print the outputs of a deployed stack as JSON.
    Outputs(outputs::Arguments),
    /// Show the resources that differ from the deployed template.
    Drift(drift::Arguments),
    /// Print the logs of the functions.
    Logs(logs::Arguments),
    /// Manage the keys that sign CDN URLs.
    #[command(subcommand)]
    Keys(keys::Command),
    /// Inspect and repair the restore queue and its dead letters.
    #[command(subcommand)]
    Queue(queue::Command),
    /// Delete the stack of an environment; the assets bucket is kept.
    Destroy(destroy::Arguments),
    /// Measure the functions and compare the figures with their limits.
    Bench(bench::Arguments),
    /// Print the help of these commands as JSON, for `cargo xtask reference`.
    #[command(hide = true)]
    Reference,
}

fn main() -> ExitCode {
    let arguments: Arguments = command_line::parse();
    finish(|| run(arguments.command), aws_error_message)
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
        Command::Reference => {
            output::print(serde_json::to_string(&sections(Arguments::command()))?)?;
            Ok(Outcome::Done)
        }
        Command::Render(arguments) => block_on(render::run(arguments)),
        Command::Rollback(arguments) => block_on(rollback::run(arguments)),
        Command::Status(arguments) => block_on(status::run(arguments)),
    }
}
