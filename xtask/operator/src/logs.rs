//! `cargo xtask logs`: prints the logs of the functions.

pub(crate) mod line;

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::Result;
use chrono::{TimeDelta, Utc};
use clap::{Args, ValueEnum};
use command_line::output::{self, OutputState};
use command_line::terminal::{self, Palette};
use command_line::{EnvironmentArgument, Outcome};
use deploy::connection::Connection;
use deploy::logs::{self, Entry, Log, Requests, Subject};
use deploy::time_span;
use machine::command;
use stack::{Environment, FunctionName};

use self::line::format_line;
use crate::connect::connect;

/// How often new lines are requested. An account is limited to about ten requests per second:
/// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html>.
const POLL_INTERVAL: Duration = Duration::from_secs(1);

/// Options of `logs`.
#[derive(Args)]
pub struct Arguments {
    #[command(flatten)]
    environment: EnvironmentArgument,
    /// Continue with new lines until Ctrl-C.
    #[arg(long)]
    follow: bool,
    /// How far to look back: a number and s, m, h or d. The default is 15m, with --request or --restore 1d.
    #[arg(long, value_name = "SPAN", value_parser = time_span::parse)]
    since: Option<TimeDelta>,
    /// Only lines of this request, the restores that it has caused included: the error ID of a response, or an ID in a line.
    #[arg(long, value_name = "ID", conflicts_with_all = ["follow", "functions"])]
    request: Option<String>,
    /// Only lines of the restores of this package: its node ID, or its ID in the tables of its organization.
    #[arg(long, value_name = "PACKAGE", conflicts_with_all = ["follow", "functions", "request"])]
    restore: Option<String>,
    /// Only errors, warnings, and failed invocations.
    #[arg(long, conflicts_with_all = ["request", "restore"])]
    errors: bool,
    /// Only this function; can be given several times.
    #[arg(long = "function", value_enum, value_name = "NAME")]
    functions: Vec<FunctionArgument>,
    /// Print the lines as they were logged, as JSON with the name of the function, for programs.
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum FunctionArgument {
    Api,
    Restore,
    Authorizer,
}

impl From<FunctionArgument> for FunctionName {
    fn from(argument: FunctionArgument) -> Self {
        match argument {
            FunctionArgument::Api => Self::Api,
            FunctionArgument::Restore => Self::Restore,
            FunctionArgument::Authorizer => Self::Authorizer,
        }
    }
}

pub(crate) async fn run(arguments: Arguments) -> Result<Outcome> {
    if !arguments.follow {
        return print(&arguments).await;
    }
    tokio::select! {
        outcome = print(&arguments) => outcome,
        interrupted = command::interrupted() => interrupted.map(|()| Outcome::Done),
    }
}

async fn print(arguments: &Arguments) -> Result<Outcome> {
    let environment = arguments.environment.load()?;
    let connection = connect(&environment).await?;
    let subject = match (&arguments.request, &arguments.restore) {
        (Some(id), _) => Some(Subject::Request(id.clone())),
        (None, Some(package)) => Some(Subject::Package(package.clone())),
        (None, None) => None,
    };
    match subject {
        Some(subject) => print_about(arguments, &environment, &connection, &subject).await,
        None => print_all(arguments, &environment, &connection).await,
    }
}

/// Prints all lines about a request or a package.
async fn print_about(
    arguments: &Arguments,
    environment: &Environment,
    connection: &Connection,
    subject: &Subject,
) -> Result<Outcome> {
    let since = arguments.since.unwrap_or(TimeDelta::days(1));
    let entries = logs::about(environment, connection, Utc::now() - since, subject).await?;
    let requests = Requests::of(&entries);
    for entry in &entries {
        if output::print(to_line(arguments, entry, requests.id_of(entry)))? == OutputState::Closed {
            return Ok(Outcome::Done);
        }
    }
    if entries.is_empty() {
        let since = time_span::format_span(since);
        terminal::say(format!(
            "Nothing about it was logged in the last {since}; use --since to look further back."
        ));
    }
    let traces: BTreeSet<&str> = entries.iter().filter_map(Entry::trace).collect();
    for trace in traces {
        let command = deploy::command_for(&environment.name, &format!("traces {trace}"));
        terminal::say(format!("  trace: {command}"));
    }
    Ok(Outcome::Done)
}

async fn print_all(
    arguments: &Arguments,
    environment: &Environment,
    connection: &Connection,
) -> Result<Outcome> {
    let since = arguments.since.unwrap_or(TimeDelta::minutes(15));
    let wanted: Vec<_> = arguments.functions.iter().copied().map(FunctionName::from).collect();
    let mut log = Log::open(environment, connection, &wanted, Utc::now() - since, arguments.errors).await?;
    let mut any = false;
    loop {
        while let Some(entry) = log.next().await? {
            any = true;
            let line = to_line(arguments, &entry, log.request_of(&entry));
            if output::print(&line)? == OutputState::Closed {
                return Ok(Outcome::Done);
            }
        }
        if !arguments.follow {
            if !any {
                let since = time_span::format_span(since);
                let what = if arguments.errors { "No error" } else { "Nothing" };
                terminal::say(format!(
                    "{what} was logged in the last {since}; use --since to look further back."
                ));
            }
            return Ok(Outcome::Done);
        }
        tokio::time::sleep(POLL_INTERVAL).await;
    }
}

fn to_line(arguments: &Arguments, entry: &Entry, request: &str) -> String {
    if arguments.json { entry.to_json() } else { format_line(entry, request, Palette::for_output()) }
}
