//! `cargo xtask status`: shows the status of an environment.

use anyhow::Result;
use chrono::{DateTime, Utc};
use clap::Args;
use command_line::{EnvironmentArgument, Outcome, output};
use deploy::lock::Holder;
use deploy::status::{Status, follow_stack};

use crate::connect::connect;

/// Options of `status`.
#[derive(Args)]
pub struct Arguments {
    #[command(flatten)]
    environment: EnvironmentArgument,
    /// Follow a change in progress until it has finished.
    #[arg(long, conflicts_with = "json")]
    follow: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

pub(crate) async fn run(arguments: Arguments) -> Result<Outcome> {
    let environment = arguments.environment.load()?;
    let connection = connect(&environment).await?;
    if arguments.follow {
        follow_stack(&environment, &connection).await?;
    }
    let status = Status::read(&environment, &connection).await?;
    if arguments.json {
        output::print(serde_json::to_string_pretty(&status)?)?;
    } else {
        output::print(to_text(&status))?;
    }
    Ok(Outcome::Done)
}

fn to_text(status: &Status) -> String {
    let time = |time: DateTime<Utc>| time.format("%Y-%m-%d %H:%M:%S UTC").to_string();
    let condition = status.condition.as_deref().unwrap_or("not deployed");
    let since = status.changed_at.map(|at| format!(" since {}", time(at))).unwrap_or_default();
    let mut lines = vec![
        format!("{:<14}{} in account {}", "stack", status.stack, status.account),
        format!("{:<14}{condition}{since}", "status"),
    ];
    match &status.release {
        Some(release) => {
            let verified = if release.is_verified() { "" } else { "; not verified" };
            lines.push(format!("{:<14}{}{verified}", "deployed", release.description()));
        }
        None if status.condition.is_some() => {
            lines.push(format!("{:<14}unknown release", "deployed"));
        }
        None => {}
    }
    if let Some(distribution) = &status.distribution {
        lines.push(format!("{:<14}{distribution}", "distribution"));
    }
    let alarms = if status.alarms.is_empty() { "none active".to_owned() } else { status.alarms.join(", ") };
    lines.push(format!("{:<14}{alarms}", "alarms"));
    if let Some(holder) = &status.lock {
        let Holder { by, action, since, .. } = holder;
        lines.push(format!("{:<14}{action} by {by} since {}", "under way", time(*since)));
    }
    lines.join("\n")
}
