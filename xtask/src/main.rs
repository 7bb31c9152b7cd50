//! The command line of the packages service: `cargo xtask <command>`.
//!
//! Data goes to standard output, and everything else to standard error. Exit codes: 0 for success, 1 for failure, 2
//! for wrong usage, 3 for differences or something that needs attention.
//!
//! This program compiles in seconds. It runs the commands that need neither AWS nor the local stack, and builds the
//! programs `packages` and `xtask-commands` for all others.

mod commands;
#[cfg(test)]
mod documents;
mod forwarded;
#[cfg(test)]
mod layers;

use std::process::ExitCode;

use anyhow::Result;
use clap::{CommandFactory as _, Parser, Subcommand};
use command_line::{Outcome, Verbosity, completions, finish, manual};

use self::commands::{ci, doctor, fuzz, openapi, reference, render, test, viewer_page};
use self::forwarded::{Forwarded, Program};

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
    Local(Forwarded),
    /// Run all tests; installs what they need.
    Test(test::Arguments),
    /// Run all that CI runs: formatting, lints, generated files, templates, licenses, tests.
    Ci,
    /// Run the fuzz targets of the code that parses untrusted input.
    Fuzz(fuzz::Arguments),
    /// Build the functions into target/lambda; the same source gives the same bytes.
    Build(Forwarded),
    /// Build the program `packages`, with which operators work on a machine without Rust, into target/dist.
    Dist(Forwarded),
    /// Write openapi/openapi.json, openapi/gateway.json and the types of the TypeScript client.
    Openapi(openapi::Arguments),
    /// Write docs/commands.md, the help of all commands.
    Reference(reference::Arguments),
    /// Print the CloudFormation template of an environment.
    Render(render::Arguments),
    /// Show what a deployment would change; needs only read permissions.
    Diff(Forwarded),
    /// Build, review, upload and apply an environment's stack.
    Deploy(Forwarded),
    /// Upload a release for an environment without deploying it.
    Publish(Forwarded),
    /// List the releases of an environment.
    Releases(Forwarded),
    /// Deploy an earlier release again.
    Rollback(Forwarded),
    /// Read the assets of a package as curl, DuckDB, pyarrow, zarr-python and a browser do.
    Smoke(Forwarded),
    /// Show the state of an environment.
    Status(Forwarded),
    /// Print the outputs of a deployed stack as JSON.
    Outputs(Forwarded),
    /// Show the resources that differ from the deployed template.
    Drift(Forwarded),
    /// Print the logs of the functions.
    Logs(Forwarded),
    /// Print metrics: totals, rates, percentiles, and how they changed.
    Metrics(Forwarded),
    /// Explain what happened to a request or a restore, from the error ID that a client has.
    Explain(Forwarded),
    /// Print the traces of requests and restores.
    Traces(Forwarded),
    /// Manage the keys that sign CDN URLs.
    Keys(Forwarded),
    /// Show or release the lock that allows one change of an environment at a time.
    Lock(Forwarded),
    /// Inspect and repair the restore queue and its dead letters.
    Queue(Forwarded),
    /// Delete the stack of an environment; the assets bucket is kept.
    Destroy(Forwarded),
    /// Compare what everybody may do in the local stack with what was used.
    Rights(Forwarded),
    /// Check the log lines and traces that functions of local stacks have left: their schema, and that they hold no secret.
    Telemetry(Forwarded),
    /// Measure the functions and compare the figures with their limits.
    Bench(Forwarded),
    /// Send requests to the local stack at a fixed rate, and measure it.
    Load(Forwarded),
    /// Serve a page on this machine that shows the viewer assets of an environment.
    Viewer(Forwarded),
    /// Write xtask/viewer/page, which the TypeScript in xtask/viewer/web is compiled to.
    ViewerPage(viewer_page::Arguments),
    /// Print the completions of all commands for a shell.
    Completions(completions::Arguments),
    /// Print the manual page, or write the pages of all commands.
    Man(manual::Arguments),
    /// Show which programs are installed, which are missing, and how to install them; or check an environment.
    Doctor(doctor::Arguments),
}

fn main() -> ExitCode {
    let arguments: Arguments = command_line::parse();
    arguments.verbosity.apply();
    finish(|| run(arguments.command), |_| None)
}

fn run(command: Command) -> Result<Outcome> {
    match command {
        Command::Ci => ci::run(Arguments::command()),
        Command::Completions(arguments) => arguments.print_for_cargo(described()?),
        Command::Doctor(arguments) => doctor::run(&arguments),
        Command::Fuzz(arguments) => fuzz::run(&arguments),
        Command::Man(arguments) => arguments.run(described()?),
        Command::Openapi(arguments) => openapi::run(&arguments),
        Command::Reference(arguments) => reference::run(&arguments, Arguments::command()),
        Command::Render(arguments) => render::run(&arguments),
        Command::Test(arguments) => test::run(&arguments),
        Command::ViewerPage(arguments) => viewer_page::run(&arguments),
        Command::Deploy(arguments) | Command::Diff(arguments) => {
            forwarded::run(arguments.program_for_source_or_release())
        }
        Command::Destroy(_)
        | Command::Drift(_)
        | Command::Keys(_)
        | Command::Lock(_)
        | Command::Explain(_)
        | Command::Logs(_)
        | Command::Metrics(_)
        | Command::Outputs(_)
        | Command::Queue(_)
        | Command::Releases(_)
        | Command::Rollback(_)
        | Command::Smoke(_)
        | Command::Status(_)
        | Command::Traces(_) => forwarded::run(Program::Operator),
        Command::Bench(_)
        | Command::Build(_)
        | Command::Dist(_)
        | Command::Load(_)
        | Command::Local(_)
        | Command::Publish(_)
        | Command::Rights(_)
        | Command::Telemetry(_)
        | Command::Viewer(_) => forwarded::run(Program::Commands),
    }
}

/// Returns the whole command line, under the name of its manual page.
fn described() -> Result<clap::Command> {
    forwarded::with_descriptions(Arguments::command().name("cargo-xtask"))
}
