//! `cargo xtask ci`: runs all checks of CI. The code is compiled beside those that do not need it.

mod compilation;
mod snapshots;
mod templates;

use std::ffi::OsStr;
use std::process::Command;

use anyhow::{Result, anyhow, bail};
use command_line::terminal::TerminalProgress;
use command_line::{Outcome, terminal};
use machine::cargo_tool::{CARGO_DENY, CARGO_MACHETE, GUNGRAUN_RUNNER};
use machine::node::{NodePackage, OPENAPI_LINTERS, TYPESCRIPT_CLIENT, VIEWER_PAGE};
use machine::tools::{CFN_LINT, CHECKOV, OPENAPI_SPEC_VALIDATOR};
use machine::valgrind::ValgrindError;
use machine::{command, repository, valgrind, workspace};

use self::compilation::Compilation;
use super::{cargo_deny, cargo_machete, openapi, reference, test};
use crate::forwarded::{self, Program};

pub(crate) fn run(command: clap::Command) -> Result<Outcome> {
    heading("formatting");
    command::run_blocking(command::cargo().args(["fmt", "--all", "--check"]))?;
    // The other checks mostly run on one core, or wait for downloads. The compilation takes the longest and uses the rest.
    let compilation = Compilation::start()?;
    check_all_but_rust()?;
    heading("compilation, lints, documentation");
    compilation.end()?;
    heading("command reference");
    if reference::check(command)? == Outcome::Differences {
        bail!("docs/commands.md is out of date");
    }
    heading("instruction counts");
    count_instructions()?;
    heading("tests");
    snapshots::check_while(|variable, path| {
        command::run_blocking(test::command(&test::Arguments::default()).env(variable, path))
    })?;
    // The summary of the tests stays the last thing that is printed.
    check_rights()?;
    check_telemetry()?;
    Ok(Outcome::Done)
}

/// Runs the checks that need nothing of the compilation.
fn check_all_but_rust() -> Result<()> {
    heading("tools");
    install_tools()?;
    heading("generated files");
    if openapi::check()? == Outcome::Differences {
        bail!("generated files are out of date");
    }
    heading("OpenAPI documents");
    validate_documents()?;
    run_scripts(&OPENAPI_LINTERS, &["redocly", "spectral"])?;
    heading("TypeScript client");
    run_scripts(&TYPESCRIPT_CLIENT, &["check", "test"])?;
    heading("page of the viewer");
    run_scripts(&VIEWER_PAGE, &["check", "test", "current"])?;
    heading("CloudFormation templates");
    templates::check()?;
    heading("licences, bans, sources");
    cargo_deny::check()?;
    heading("unused dependencies");
    cargo_machete::check()
}

/// Counts the instructions of hot code, and compares them with their limits.
fn count_instructions() -> Result<()> {
    if !valgrind::IS_SUPPORTED {
        terminal::say(format!("skipped: {}", ValgrindError::Unsupported));
        return Ok(());
    }
    forwarded::run_silently(Program::Commands, &["bench", "instructions"].map(OsStr::new))
}

/// Checks that a test has used each right of the operators and functions, or that it is listed with a reason.
fn check_rights() -> Result<()> {
    let recorded = workspace::target().join("tmp/e2e");
    let arguments = ["rights", "--check", "--recorded"].map(OsStr::new);
    forwarded::run_silently(Program::Commands, &[&arguments[..], &[recorded.as_os_str()]].concat())
}

/// Checks every line and every trace that the functions have left in the tests.
fn check_telemetry() -> Result<()> {
    let recorded = workspace::target().join("tmp/e2e");
    let arguments = ["telemetry", "--recorded"].map(OsStr::new);
    forwarded::run_silently(Program::Commands, &[&arguments[..], &[recorded.as_os_str()]].concat())
}

/// Installs the tools of the checks.
///
/// A tool of Python or Node is unpacked by one process while a Rust tool is compiled, so a machine with two cores is never idle.
fn install_tools() -> Result<()> {
    std::thread::scope(|scope| {
        let unpacked = scope.spawn(|| {
            for tool in [OPENAPI_SPEC_VALIDATOR, CFN_LINT, CHECKOV] {
                tool.program(&TerminalProgress)?;
            }
            for package in [TYPESCRIPT_CLIENT, OPENAPI_LINTERS] {
                package.install(&TerminalProgress)?;
            }
            Ok(())
        });
        for tool in [CARGO_DENY, CARGO_MACHETE] {
            tool.program(&TerminalProgress)?;
        }
        if valgrind::IS_SUPPORTED {
            GUNGRAUN_RUNNER.program(&TerminalProgress)?;
        }
        unpacked.join().map_err(|_| anyhow!("the installation of the tools of Python and Node panicked"))?
    })
}

fn run_scripts(package: &NodePackage, names: &[&str]) -> Result<()> {
    for name in names {
        command::run_blocking(&mut package.script(name, &TerminalProgress)?)?;
    }
    Ok(())
}

fn heading(name: &str) {
    terminal::say(format!("\n{}", terminal::paint(&format!("== {name}"), "1")));
}

fn validate_documents() -> Result<()> {
    let validator = OPENAPI_SPEC_VALIDATOR.program(&TerminalProgress)?;
    let directory = repository::root().join("openapi");
    command::run_blocking(
        Command::new(validator.path())
            .arg(directory.join("openapi.json"))
            .arg(directory.join("gateway.json")),
    )
}
