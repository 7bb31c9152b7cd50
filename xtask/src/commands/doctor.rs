//! `cargo xtask doctor`: shows which programs are installed and which are missing.

use std::error::Error;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, Result, bail};
use clap::Args;
use command_line::{Outcome, layout, output, terminal};
use machine::command;
use machine::node;
use machine::postgres_server::Server;
use machine::python;
use machine::python::MINISTACK;
use machine::target;
use machine::tools::{CARGO_LAMBDA, CFN_LINT, CHECKOV, OPENAPI_SPEC_VALIDATOR, Tool};
use machine::valgrind;
use machine::workspace;
use stack::Architecture;
use tokio::process::Command;

use crate::forwarded::{self, Program};

/// The names of Chromium's program.
const CHROMIUMS: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/// Options of `doctor`.
#[derive(Args)]
pub(crate) struct Arguments {
    /// Check this environment instead of the machine: account, artifact bucket, platform parameters, names, rights.
    #[arg(long = "env", value_name = "NAME")]
    environment: Option<String>,
}

/// A program that commands need, and whether it is installed.
struct Finding {
    what: &'static str,
    used_by: &'static str,
    state: State,
}

enum State {
    /// It is installed, at this path or in this version.
    There(String),
    /// It is installed by the command that needs it.
    OnFirstUse,
    /// It is missing, but not needed for `local` and `test`. The text says how to install it.
    Missing(String),
    /// It is missing, and `local` or `test` needs it. The text says how to install it.
    Needed(String),
}

pub(crate) fn run(arguments: &Arguments) -> Result<Outcome> {
    match arguments.environment {
        Some(_) => forwarded::run(Program::Operator),
        None => command::block_on(check_machine()),
    }
}

async fn check_machine() -> Result<Outcome> {
    let findings = findings().await?;
    let mut table = layout::table(["WHAT", "FOR", "STATE"]);
    for Finding { what, used_by, state } in &findings {
        let state = match state {
            State::There(text) => text.as_str(),
            State::OnFirstUse => "installed on first use",
            State::Missing(_) | State::Needed(_) => "missing",
        };
        table.add_row([what, used_by, state]);
    }
    output::print(table.trim_fmt())?;

    let mut works = true;
    for Finding { what, state, .. } in &findings {
        if let State::Missing(help) | State::Needed(help) = state {
            terminal::report(format!("\n{what}: {help}"));
        }
        works &= !matches!(state, State::Needed(_));
    }
    if !works {
        bail!("install what is missing above: `cargo xtask local` and `cargo xtask test` need it");
    }
    Ok(Outcome::Done)
}

async fn findings() -> Result<Vec<Finding>> {
    let finding = |what, used_by, state| Finding { what, used_by, state };
    let tool = |tool: Tool, used_by| finding(tool.name, used_by, on_first_use(tool.find().as_deref()));
    let ministack = MINISTACK.find(&workspace::tools()).await.map(|_| workspace::tools());
    Ok(vec![
        finding("Rust", "everything", State::There(rust_version().await?)),
        finding("C compiler", "everything", c_compiler().await),
        finding("Python", "local, build, ci", needed(python::find().await)),
        finding("PostgreSQL", "local, test", postgresql().await),
        finding("curl", "test", program("curl", State::Needed)),
        finding("Chromium", "test", chromium()),
        finding("openssl", "test", program("openssl", State::Needed)),
        finding("git", "deploy", program("git", State::Missing)),
        finding("Valgrind", "bench, ci", valgrind()),
        finding("Node with npm", "test, openapi, publish, viewer-page", needed(node::find())),
        finding("target x86-64", "build, deploy", release_target(Architecture::X86_64).await?),
        finding("target arm64", "build, deploy", release_target(Architecture::Arm64).await?),
        finding("MiniStack", "local, test", on_first_use(ministack.as_deref())),
        tool(CARGO_LAMBDA, "build, deploy"),
        tool(CFN_LINT, "ci"),
        tool(CHECKOV, "ci"),
        tool(OPENAPI_SPEC_VALIDATOR, "ci"),
    ])
}

async fn rust_version() -> Result<String> {
    let output = target::compiler().arg("--version").output().await.context("rustc cannot be started")?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().trim_start_matches("rustc ").to_owned())
}

/// Finds a C compiler and runs it. On macOS, `cc` may be a stub without a compiler.
async fn c_compiler() -> State {
    let mut command = Command::new("cc");
    command.arg("--version").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    match (command.status().await, on_path("cc")) {
        (Ok(status), Some(path)) if status.success() => State::There(path.display().to_string()),
        _ => State::Needed(
            "Install one (Debian, Ubuntu: apt install build-essential; macOS: xcode-select --install)."
                .to_owned(),
        ),
    }
}

/// Returns the state of a required program. The error of the search says how to install it.
fn needed(found: Result<impl AsRef<OsStr>, impl Error>) -> State {
    found.map_or_else(
        |error| State::Needed(error.to_string()),
        |path| State::There(path.as_ref().display().to_string()),
    )
}

/// Finds PostgreSQL. Without an installed server, the local stack installs one, unless `PG_BIN` is wrong.
async fn postgresql() -> State {
    match Server::find(&workspace::tools()).await {
        Ok(Some(server)) => State::There(server.bin().display().to_string()),
        Ok(None) => State::OnFirstUse,
        Err(error) => State::Needed(error.to_string()),
    }
}

fn program(name: &str, otherwise: fn(String) -> State) -> State {
    on_path(name).map_or_else(
        || otherwise(format!("Install it (Debian, Ubuntu: apt install {name}; macOS: brew install {name}).")),
        |path| State::There(path.display().to_string()),
    )
}

/// Finds Chromium. The test with a browser looks for the same programs in the same order.
fn chromium() -> State {
    let named = std::env::var_os("CHROMIUM").filter(|named| !named.is_empty()).map(PathBuf::from);
    let found = named.or_else(|| CHROMIUMS.into_iter().find_map(on_path));
    found.map_or_else(
        || {
            State::Needed(
                "Install it (Debian: apt install chromium; macOS: brew install --cask chromium), or name it in \
                 CHROMIUM."
                    .to_owned(),
            )
        },
        |path| State::There(path.display().to_string()),
    )
}

fn valgrind() -> State {
    valgrind::find().map_or_else(|error| State::Missing(error.to_string()), State::There)
}

async fn release_target(architecture: Architecture) -> Result<State> {
    Ok(if target::is_installed(architecture.rust_target()).await? {
        State::There("installed".to_owned())
    } else {
        State::Missing(target::how_to_install(architecture.rust_target()))
    })
}

fn on_first_use(found: Option<&Path>) -> State {
    found.map_or(State::OnFirstUse, |path| {
        let ours = path.starts_with(workspace::tools());
        State::There(if ours { "installed" } else { "on PATH" }.to_owned())
    })
}

fn on_path(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|directory| directory.join(program))
        .find(|candidate| candidate.is_file())
}
