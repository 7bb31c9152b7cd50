//! `cargo xtask traces`: shows what took the time of requests and restores.

mod list;
mod waterfall;

use anyhow::{Result, bail};
use chrono::{TimeDelta, Utc};
use clap::Args;
use command_line::terminal::{self, Palette};
use command_line::{EnvironmentArgument, Outcome, layout, output};
use deploy::traces::{Recent, Trace, Traces};
use deploy::{command_for, time_span};
use stack::Environment;

use crate::connect::connect;

/// The width of the output without a terminal, where lines can be longer.
const WIDTH: usize = 160;

/// Options of `traces`.
#[derive(Args)]
pub struct Arguments {
    /// Show this trace: its ID, the error ID of a response, or the ID of a message. Without it, list the recent traces.
    #[arg(value_name = "ID")]
    id: Option<String>,
    #[command(flatten)]
    environment: EnvironmentArgument,
    /// How far to look back: a number and s, m, h or d. The default is 15m, with an ID 1d.
    #[arg(long, value_name = "SPAN", value_parser = time_span::parse)]
    since: Option<TimeDelta>,
    /// List only traces of requests and restores that failed or were refused.
    #[arg(long, conflicts_with = "id")]
    errors: bool,
    /// List at most this many traces, the newest.
    #[arg(long, value_name = "NUMBER", default_value_t = 20, conflicts_with = "id")]
    limit: u16,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

pub(crate) async fn run(arguments: Arguments) -> Result<Outcome> {
    let environment = arguments.environment.load()?;
    let traces = Traces::open(&environment, &connect(&environment).await?).await?;
    match &arguments.id {
        Some(id) => show(&arguments, &environment, &traces, id).await?,
        None => list(&arguments, &environment, &traces).await?,
    }
    Ok(Outcome::Done)
}

async fn show(arguments: &Arguments, environment: &Environment, traces: &Traces, id: &str) -> Result<()> {
    let since = arguments.since.unwrap_or(TimeDelta::days(1));
    let found = traces.find(Utc::now() - since, id).await?;
    if found.is_empty() {
        bail!(
            "X-Ray has no trace of {id} in the last {}; use --since to look further back, and {} for its log. Lambda samples one \
             request per second and 5 % of the others, and a trace appears after some seconds",
            time_span::format_span(since),
            command_for(&environment.name, &format!("logs --request {id}"))
        );
    }
    if arguments.json {
        output::print(serde_json::to_string_pretty(&found)?)?;
        return Ok(());
    }
    let width = layout::width_of_output().unwrap_or(WIDTH);
    let texts = found.iter().map(|trace| waterfall::to_text(trace, width, Palette::for_output()));
    output::print(texts.collect::<Vec<_>>().join("\n\n"))?;
    for command in log_commands(&found) {
        terminal::say(format!("  log: {}", command_for(&environment.name, &command)));
    }
    Ok(())
}

/// Returns a command for the log of each event in the traces.
fn log_commands(traces: &[Trace]) -> Vec<String> {
    let mut commands: Vec<String> = traces
        .iter()
        .map(|trace| trace.event.as_ref().and_then(|event| event.id.as_ref()).unwrap_or(&trace.id))
        .map(|id| format!("logs --request {id}"))
        .collect();
    commands.dedup();
    commands
}

async fn list(arguments: &Arguments, environment: &Environment, traces: &Traces) -> Result<()> {
    let since = arguments.since.unwrap_or(TimeDelta::minutes(15));
    let wanted =
        Recent { from: Utc::now() - since, only_problems: arguments.errors, limit: arguments.limit.into() };
    let found = traces.recent(wanted).await?;
    if arguments.json {
        output::print(serde_json::to_string_pretty(&found)?)?;
    } else if found.is_empty() {
        let what = if arguments.errors { "trace with an error" } else { "trace" };
        terminal::say(format!(
            "No {what} in the last {}; use --since to look further back.",
            time_span::format_span(since)
        ));
    } else {
        output::print(list::to_text(&found))?;
        terminal::say(format!("  one of them: {}", command_for(&environment.name, "traces ID")));
    }
    Ok(())
}
