//! `cargo xtask status`: shows how an environment is doing, at a glance.

mod text;

use anyhow::Result;
use chrono::Utc;
use clap::Args;
use command_line::terminal::Palette;
use command_line::{EnvironmentArgument, Outcome, output};
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
    let status = Status::read(&environment, &connection).await;
    if arguments.json {
        output::print(serde_json::to_string_pretty(&status)?)?;
    } else {
        output::print(text::to_text(&status, Palette::for_output(), Utc::now()))?;
    }
    Ok(if status.needs_attention() { Outcome::Differences } else { Outcome::Done })
}
