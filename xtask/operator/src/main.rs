//! The program `packages`: the commands for what is deployed, for operators.
//!
//! Started by `cargo xtask`, it works in the checkout. Started by itself, it reads no file of a checkout.

use std::process::ExitCode;

use anyhow::Result;
use clap::{CommandFactory as _, Parser, Subcommand};
use command_line::{Outcome, Verbosity, completions, environment, finish, manual};
use machine::command::block_on;
use machine::repository;
use operator::terminal::aws_error_message;
use operator::{Command, deploy, diff, run};

// The environment files, by name: `ENVIRONMENTS`.
include!(concat!(env!("OUT_DIR"), "/environments.rs"));

/// Operates what is deployed of the packages service.
#[derive(Parser)]
#[command(name = "packages", version, disable_help_subcommand = true)]
struct Arguments {
    #[command(flatten)]
    verbosity: Verbosity,
    #[command(subcommand)]
    command: OperatorCommand,
}

#[derive(Subcommand)]
enum OperatorCommand {
    /// Show what deploying a release would change; needs only read permissions.
    Diff(diff::Arguments),
    /// Deploy a release.
    Deploy(deploy::Arguments),
    /// Print the completions of all commands for a shell.
    Completions(completions::Arguments),
    /// Print the manual page, or write the pages of all commands.
    Man(manual::Arguments),
    #[command(flatten)]
    Other(Command),
}

fn main() -> ExitCode {
    let name = if repository::is_checkout() {
        "cargo xtask"
    } else {
        environment::embed(ENVIRONMENTS);
        ::deploy::set_program("packages");
        "packages"
    };
    let arguments: Arguments = command_line::parse_as(name);
    arguments.verbosity.apply();
    finish(|| block_on(dispatch(arguments.command)), aws_error_message)
}

async fn dispatch(command: OperatorCommand) -> Result<Outcome> {
    match command {
        OperatorCommand::Diff(arguments) => diff::run(arguments).await,
        OperatorCommand::Deploy(arguments) => deploy::run(arguments).await,
        OperatorCommand::Completions(arguments) => arguments.print(Arguments::command()),
        OperatorCommand::Man(arguments) => arguments.run(Arguments::command()),
        // The future of all commands together is large.
        OperatorCommand::Other(command) => Box::pin(run(command)).await,
    }
}
