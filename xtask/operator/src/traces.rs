//! `cargo xtask traces`: prints traces of requests and restores.

mod text;

use anyhow::{Result, bail};
use chrono::{DateTime, TimeDelta, Utc};
use clap::Args;
use command_line::terminal::{self, Palette};
use command_line::{EnvironmentArgument, Outcome, layout, output};
use deploy::traces::{self, Trace, TraceInList};
use deploy::{command_for, time_span};
use stack::Environment;

use self::text::to_text;
use crate::connect::connect;

/// Options of `traces`.
#[derive(Args)]
pub struct Arguments {
    /// The ID of a trace, or of a request, a message or an invocation with traces. Without it, the recent traces are listed.
    #[arg(value_name = "ID")]
    id: Option<String>,
    #[command(flatten)]
    environment: EnvironmentArgument,
    /// How far to look back: a number and s, m, h or d. The default is 15m for the list, and 1d with an ID.
    #[arg(long, value_name = "SPAN", value_parser = time_span::parse)]
    since: Option<TimeDelta>,
    /// List only traces in which something failed or was refused.
    #[arg(long, conflicts_with = "id")]
    errors: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

pub(crate) async fn run(arguments: Arguments) -> Result<Outcome> {
    let environment = arguments.environment.load()?;
    let connection = connect(&environment).await?;
    let Some(id) = &arguments.id else {
        let since = arguments.since.unwrap_or(TimeDelta::minutes(15));
        let mut found = traces::list(&connection, Utc::now() - since).await?;
        found.retain(|trace| !arguments.errors || trace.has_fault || trace.has_error);
        return print_list(&arguments, &environment, &found, since);
    };
    let since = arguments.since.unwrap_or(TimeDelta::days(1));
    let ids = traces::ids_of(&environment, &connection, Utc::now() - since, id).await?;
    if ids.is_empty() {
        let since = time_span::format_span(since);
        bail!("no function has logged {id} in the last {since}; use --since to look further back");
    }
    let found = traces::get(&connection, &ids).await?;
    if found.is_empty() {
        bail!(
            "X-Ray has no trace {}: Lambda samples one request per second and 5 % of the others, and X-Ray keeps traces for 30 \
             days; see {} instead",
            ids.join(" or "),
            command_for(&environment.name, &format!("logs --request {id}"))
        );
    }
    print(&arguments, &environment, &found)
}

fn print(arguments: &Arguments, environment: &Environment, found: &[Trace]) -> Result<Outcome> {
    if arguments.json {
        output::print(serde_json::to_string_pretty(found)?)?;
        return Ok(Outcome::Done);
    }
    let palette = Palette::for_output();
    let texts: Vec<String> = found.iter().map(|trace| to_text(trace, palette)).collect();
    output::print(texts.join("\n\n"))?;
    for trace in found {
        let command = command_for(&environment.name, &format!("logs --request {}", trace.id));
        terminal::say(format!("  log: {command}"));
    }
    Ok(Outcome::Done)
}

fn print_list(
    arguments: &Arguments,
    environment: &Environment,
    found: &[TraceInList],
    since: TimeDelta,
) -> Result<Outcome> {
    if arguments.json {
        output::print(serde_json::to_string_pretty(found)?)?;
        return Ok(Outcome::Done);
    }
    if found.is_empty() {
        let since = time_span::format_span(since);
        terminal::say(format!("No trace began in the last {since}; use --since to look further back."));
        return Ok(Outcome::Done);
    }
    let palette = Palette::for_output();
    let mut table = layout::table(["BEGAN", "TRACE", "TIME", "ROUTE", "OUTCOME"]);
    for trace in found {
        let outcome = trace.outcomes.join(", ");
        let outcome = if trace.has_fault {
            palette.paint(&outcome, "31")
        } else if trace.has_error {
            palette.paint(&outcome, "33")
        } else {
            outcome
        };
        let time = format!("{:.1} ms", trace.seconds * 1e3);
        table.add_row([format_time(trace.began), trace.id.clone(), time, trace.routes.join(", "), outcome]);
    }
    output::print(table)?;
    terminal::say(format!("  a whole trace: {}", command_for(&environment.name, "traces TRACE")));
    Ok(Outcome::Done)
}

fn format_time(time: DateTime<Utc>) -> String {
    time.format("%Y-%m-%d %H:%M:%S%.3f").to_string()
}
