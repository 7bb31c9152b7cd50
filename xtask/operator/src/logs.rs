//! `cargo xtask logs`: prints the logs of the functions.

mod line;

use std::time::Duration;

use anyhow::Result;
use chrono::{TimeDelta, Utc};
use clap::{Args, ValueEnum};
use command_line::output::{self, OutputState};
use command_line::terminal::{self, Palette};
use command_line::{EnvironmentArgument, Outcome};
use deploy::logs::Log;
use deploy::time_span;
use machine::command;
use stack::FunctionName;

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
    /// How far to look back: a number and s, m, h or d.
    #[arg(long, default_value = "15m", value_name = "SPAN", value_parser = time_span::parse)]
    since: TimeDelta,
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
    let wanted: Vec<_> = arguments.functions.iter().copied().map(FunctionName::from).collect();
    let mut log = Log::open(&environment, &connection, &wanted, Utc::now() - arguments.since).await?;
    let mut any = false;
    loop {
        while let Some(entry) = log.next().await? {
            any = true;
            let line = if arguments.json {
                entry.to_json()
            } else {
                format_line(&entry, log.request_of(&entry), Palette::for_output())
            };
            if output::print(&line)? == OutputState::Closed {
                return Ok(Outcome::Done);
            }
        }
        if !arguments.follow {
            if !any {
                let since = time_span::format_span(arguments.since);
                terminal::say(format!(
                    "Nothing was logged in the last {since}; use --since to look further back."
                ));
            }
            return Ok(Outcome::Done);
        }
        tokio::time::sleep(POLL_INTERVAL).await;
    }
}
