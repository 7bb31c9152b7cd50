//! `cargo xtask keys status`: shows the keys of an environment.

use anyhow::Result;
use chrono::{DateTime, TimeDelta, Utc};
use clap::Args;
use command_line::{EnvironmentArgument, Outcome, layout, output, terminal};
use deploy::command_for;
use deploy::keys::Status;
use deploy::time_span::format_span;

use crate::connect::connect;

/// Options of `keys status`.
#[derive(Args)]
pub struct Arguments {
    #[command(flatten)]
    environment: EnvironmentArgument,
    /// Print JSON, for programs.
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(arguments: Arguments) -> Result<Outcome> {
    let environment = arguments.environment.load()?;
    let connection = connect(&environment).await?;
    let status = Status::read(&environment, &connection).await?;
    if arguments.json {
        output::print(serde_json::to_string_pretty(&status)?)?;
    } else {
        show(&status)?;
    }
    Ok(if status.problems.is_empty() { Outcome::Done } else { Outcome::Differences })
}

fn show(status: &Status) -> Result<()> {
    if status.keys.is_empty() {
        let deploy = command_for(&status.environment, "deploy");
        terminal::say(format!("There is no signing key yet; {deploy} generates one."));
    } else {
        let mut table = layout::table(["KEY", "ALGORITHM", "STATE", "AGE", "SIGNS", "TRUSTED", "RETIRES"]);
        let yes = |is: bool| if is { "yes" } else { "no" }.to_owned();
        for key in &status.keys {
            table.add_row([
                key.fingerprint.to_string(),
                key.algorithm.to_string(),
                key.state.to_string(),
                format_span(TimeDelta::seconds(key.age_seconds)),
                yes(key.signs),
                yes(key.trusted),
                key.retire_after.map(format_time).unwrap_or_default(),
            ]);
        }
        output::print(&table)?;
    }
    match (&status.next, status.next_at, status.rotation_due) {
        (Some(next), Some(time), _) => {
            terminal::say(format!(
                "Next: {next}, at {} (in {})",
                format_time(time),
                format_span(time - status.now)
            ));
        }
        (Some(next), None, _) => terminal::say(format!("Next: {next}")),
        (None, _, Some(due)) => terminal::say(format!("The next rotation is due at {}.", format_time(due))),
        (None, _, None) => {}
    }
    for problem in &status.problems {
        terminal::report(format!("{} {problem}", terminal::paint("problem:", "1;31")));
    }
    Ok(())
}

fn format_time(time: DateTime<Utc>) -> String {
    time.format("%Y-%m-%d %H:%M:%S UTC").to_string()
}
