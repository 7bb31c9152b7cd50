//! `cargo xtask explain`: from an error ID to its cause.

use anyhow::{Result, bail};
use chrono::{TimeDelta, Utc};
use clap::Args;
use command_line::terminal::{Palette, printable};
use command_line::{EnvironmentArgument, Outcome, output};
use deploy::explain::{Event, Explanation, Reason, explain};
use deploy::logs::{Entry, Requests};
use deploy::{command_for, time_span};
use serde_json::json;
use stack::Environment;

use crate::connect::connect;
use crate::logs::line::format_line;

/// Options of `explain`.
#[derive(Args)]
pub struct Arguments {
    /// The `errorId` of a response, the header `apigw-requestid`, the ID of a message of the restore queue, or of a trace.
    #[arg(value_name = "ERROR-ID")]
    id: String,
    #[command(flatten)]
    environment: EnvironmentArgument,
    /// How far to look back: a number and s, m, h or d.
    #[arg(long, default_value = "1d", value_name = "SPAN", value_parser = time_span::parse)]
    since: TimeDelta,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

pub(crate) async fn run(arguments: Arguments) -> Result<Outcome> {
    let environment = arguments.environment.load()?;
    let connection = connect(&environment).await?;
    let from = Utc::now() - arguments.since;
    let (explanation, entries) = explain(&environment, &connection, from, &arguments.id).await?;
    if entries.is_empty() && explanation.events.is_empty() {
        let since = time_span::format_span(arguments.since);
        bail!(
            "neither API Gateway nor a function has logged {} in the last {since}; use --since to look further back, or wait: \
             API Gateway delivers its log a few minutes late",
            arguments.id
        );
    }
    if arguments.json {
        let lines: Vec<serde_json::Value> =
            entries.iter().filter_map(|entry| serde_json::from_str(&entry.to_json()).ok()).collect();
        output::print(serde_json::to_string_pretty(&json!({ "explanation": explanation, "lines": lines }))?)?;
    } else {
        output::print(to_text(&explanation, &entries, &environment, Palette::for_output()))?;
    }
    Ok(Outcome::Done)
}

fn to_text(
    explanation: &Explanation,
    entries: &[Entry],
    environment: &Environment,
    palette: Palette,
) -> String {
    let mut parts: Vec<String> =
        explanation.events.iter().map(|event| event_to_text(event, palette)).collect();
    parts.push(match &explanation.reason {
        Some(reason) => reason_to_text(reason, palette),
        None if explanation.events.iter().all(|event| event.function.is_none()) => {
            format!("{:<10}no function has logged this request yet; run the command again", "reason")
        }
        None => format!("{:<10}no error in these events", "reason"),
    });
    let requests = Requests::of(entries);
    let lines: Vec<String> = entries
        .iter()
        .map(|entry| format!("  {}", format_line(entry, requests.id_of(entry), palette)))
        .collect();
    if !lines.is_empty() {
        parts.push(format!("log\n{}", lines.join("\n")));
    }
    let traces = explanation.traces.iter();
    let traces: Vec<String> = traces
        .map(|id| format!("{:<10}{}", "trace", command_for(&environment.name, &format!("traces {id}"))))
        .collect();
    if !traces.is_empty() {
        parts.push(traces.join("\n"));
    }
    parts.join("\n\n")
}

fn event_to_text(event: &Event, palette: Palette) -> String {
    let time = event.time.format("%Y-%m-%d %H:%M:%S%.3f UTC");
    let outcome = if event.is_problem { palette.paint(&event.outcome, "31") } else { event.outcome.clone() };
    let by = event.function.map_or("API Gateway".to_owned(), |name| format!("the {name} function"));
    let title = format!("{:<10}{outcome}  {time}  by {by}", event.kind);
    let details = event.details.iter().map(|(name, value)| format!("  {name:<22}{}", printable(value)));
    [title].into_iter().chain(details).collect::<Vec<_>>().join("\n")
}

fn reason_to_text(reason: &Reason, palette: Palette) -> String {
    let cause = reason.cause.as_deref().map(|cause| format!("\n{:<10}{}", "cause", printable(cause)));
    format!(
        "{:<10}{}: {}{}\n{:<10}{}",
        "reason",
        palette.paint(&reason.rule, "31"),
        reason.meaning,
        cause.unwrap_or_default(),
        "next",
        reason.remedy
    )
}
