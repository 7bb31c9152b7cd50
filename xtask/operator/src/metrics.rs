//! `cargo xtask metrics`: prints the metrics of an environment.

mod quantity;
mod sparkline;

use anyhow::Result;
use chrono::{TimeDelta, Utc};
use clap::Args;
use command_line::terminal::{self, printable};
use command_line::{EnvironmentArgument, Outcome, WrongUsage, layout, output};
use deploy::metrics::{Definition, Measured, Span, Summary, catalog, read};
use deploy::time_span::{self, format_span};
use stack::Environment;

pub(crate) use self::quantity::quantity;
use self::sparkline::sparkline;
use crate::connect::connect;

/// Options of `metrics`.
#[derive(Args)]
pub struct Arguments {
    /// Only these metrics: names such as latency, or namespaces such as PackagesService, AWS/SQS or SQS.
    #[arg(value_name = "NAME")]
    names: Vec<String>,
    #[command(flatten)]
    environment: EnvironmentArgument,
    /// How far to look back: a number and s, m, h or d.
    #[arg(long, default_value = "3h", value_name = "SPAN", value_parser = time_span::parse)]
    since: TimeDelta,
    /// Print what each metric means, and no values.
    #[arg(long, conflicts_with = "since")]
    describe: bool,
    /// Print JSON, for programs.
    #[arg(long)]
    json: bool,
}

pub(crate) async fn run(arguments: Arguments) -> Result<Outcome> {
    let environment = arguments.environment.load()?;
    let definitions = named(&arguments.names)?;
    if arguments.describe {
        let text = if arguments.json {
            serde_json::to_string_pretty(&definitions)?
        } else {
            descriptions(&definitions)
        };
        output::print(text)?;
        return Ok(Outcome::Done);
    }
    let span =
        Span::since(arguments.since, Utc::now()).map_err(|error| WrongUsage::new(error.to_string()))?;
    let connection = connect(&environment).await?;
    let metrics = read(&environment, &connection, &definitions, span).await?;
    if arguments.json {
        output::print(serde_json::to_string_pretty(&metrics)?)?;
        return Ok(Outcome::Done);
    }
    if metrics.series.is_empty() {
        let since = format_span(arguments.since);
        terminal::say(format!("No metric has data in the last {since}; use --since to look further back."));
        return Ok(Outcome::Done);
    }
    terminal::say(heading(&environment, span));
    output::print(to_text(&metrics.series))?;
    if !metrics.without_data.is_empty() {
        terminal::say(format!("Without data: {}", metrics.without_data.join(", ")));
    }
    Ok(Outcome::Done)
}

/// Returns the metrics with these names, or all.
fn named(names: &[String]) -> Result<Vec<Definition>> {
    let all = catalog();
    if let Some(unknown) = names.iter().find(|name| !all.iter().any(|metric| metric.is_named(name))) {
        let known: Vec<&str> = all.iter().map(|metric| metric.name).collect();
        return Err(
            WrongUsage::new(format!("there is no metric {unknown}; metrics: {}", known.join(", "))).into()
        );
    }
    let is_wanted = |metric: &Definition| names.is_empty() || names.iter().any(|name| metric.is_named(name));
    Ok(all.into_iter().filter(is_wanted).collect())
}

fn descriptions(definitions: &[Definition]) -> String {
    let mut table = layout::table(["METRIC", "NAMESPACE", "UNIT", "MEANING"]);
    for Definition { namespace, name, unit, meaning, .. } in definitions {
        table.add_row([name, namespace, unit, meaning]);
    }
    table.to_string()
}

fn heading(environment: &Environment, span: Span) -> String {
    format!(
        "{} from {} to {} UTC, a bar for each {}",
        environment.name,
        span.start.format("%Y-%m-%d %H:%M"),
        span.end.format("%Y-%m-%d %H:%M"),
        format_span(span.period)
    )
}

fn to_text(series: &[Measured]) -> String {
    let mut table = layout::table(["METRIC", "OF", "VALUE", "", "", "TREND"]);
    let mut last: Option<&Definition> = None;
    for Measured { definition, label, summary, trend, .. } in series {
        if last.is_none_or(|last| last.namespace != definition.namespace) {
            table.add_row([definition.namespace]);
        }
        let name = if last == Some(definition) { String::new() } else { format!("  {}", definition.name) };
        let [one, two, three] = values(*summary, definition.unit);
        table.add_row([name, printable(label), one, two, three, sparkline(trend)]);
        last = Some(definition);
    }
    table.trim_fmt()
}

/// Returns what a series amounts to in three cells.
fn values(summary: Summary, unit: &str) -> [String; 3] {
    let named = |name: &str, value: f64| format!("{name} {}", quantity(value, unit));
    match summary {
        Summary::Counter { total, per_minute } => {
            [named("total", total), format!("{}/min", quantity(per_minute, unit)), String::new()]
        }
        Summary::Distribution { p50, p99, highest } => {
            [named("p50", p50), named("p99", p99), named("highest", highest)]
        }
        Summary::Level { latest, highest } => {
            [named("latest", latest), named("highest", highest), String::new()]
        }
        Summary::Share { average } => [named("average", average), String::new(), String::new()],
    }
}

#[cfg(test)]
mod tests;
