//! The commands of `cargo xtask` that need the source and AWS, or run the local stack, one module each.
//!
//! `cargo xtask` builds this program and starts it with its own arguments. The commands for what is deployed are in the
//! crate `operator`; this program has them too, so that it has every command that `xtask` has not.

mod bench;
mod build;
mod deploy;
mod diff;
mod dist;
mod load;
mod local;
mod only_warnings;
mod publish;
mod render;
mod rights;
mod telemetry;
mod viewer;

use std::process::ExitCode;

use anyhow::Result;
use clap::{CommandFactory as _, Parser, Subcommand};
use command_line::description::CommandDescription;
use command_line::reference::sections;
use command_line::{Outcome, Verbosity, finish, output};
use machine::command::block_on;
use operator::terminal::aws_error_message;

/// Builds, runs and ships the packages service.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", disable_help_subcommand = true)]
struct Arguments {
    #[command(flatten)]
    verbosity: Verbosity,
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
    /// Build the program `packages`, with which operators work on a machine without Rust, into target/dist.
    Dist,
    /// Upload a release for an environment without deploying it.
    Publish(publish::Arguments),
    #[command(flatten)]
    Operator(operator::Command),
    /// Compare what everybody may do in the local stack with what was used.
    Rights(rights::Arguments),
    /// Check the log lines and traces that functions of local stacks have left: their schema, and that they hold no secret.
    Telemetry(telemetry::Arguments),
    /// Measure the functions and compare the figures with their limits.
    Bench(bench::Arguments),
    /// Send requests to the local stack at a fixed rate, and measure it.
    Load(load::Arguments),
    /// Serve a page on this machine that shows the viewer assets of an environment.
    Viewer(viewer::Arguments),
    /// Print the description of these commands as JSON, for `cargo xtask completions` and `cargo xtask man`.
    #[command(hide = true)]
    Describe,
    /// Print the help of these commands as JSON, for `cargo xtask reference`.
    #[command(hide = true)]
    Reference,
}

fn main() -> ExitCode {
    let arguments: Arguments = command_line::parse();
    arguments.verbosity.apply();
    finish(|| run(arguments.command), aws_error_message)
}

fn run(command: Command) -> Result<Outcome> {
    match command {
        Command::Bench(arguments) => bench::run(&arguments),
        Command::Build(arguments) => block_on(build::run(arguments)),
        Command::Deploy(arguments) => block_on(deploy::run(arguments)),
        Command::Describe => {
            let description = CommandDescription::new(Arguments::command());
            output::print(serde_json::to_string(&description)?)?;
            Ok(Outcome::Done)
        }
        Command::Diff(arguments) => block_on(diff::run(arguments)),
        Command::Dist => block_on(dist::run()),
        Command::Load(arguments) => block_on(load::run(arguments)),
        Command::Local(arguments) => block_on(local::run(arguments)),
        Command::Operator(command) => block_on(operator::run(command)),
        Command::Publish(arguments) => block_on(publish::run(arguments)),
        Command::Reference => {
            output::print(serde_json::to_string(&sections(Arguments::command()))?)?;
            Ok(Outcome::Done)
        }
        Command::Render(arguments) => block_on(render::run(arguments)),
        Command::Rights(arguments) => block_on(rights::run(arguments)),
        Command::Telemetry(arguments) => telemetry::run(&arguments),
        Command::Viewer(arguments) => block_on(viewer::run(arguments)),
    }
}
