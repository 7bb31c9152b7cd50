//! `cargo xtask keys rotate`: replaces the signing key.

use anyhow::Result;
use clap::Args;
use command_line::{EnvironmentArgument, Outcome, terminal};
use deploy::Consent;
use deploy::command_for;
use deploy::keys::{Overlap, RotateOptions, Rotated, rotate};

use super::AlgorithmArgument;
use crate::connect::connect;

/// Options of `keys rotate`.
#[derive(Args)]
pub struct Arguments {
    #[command(flatten)]
    environment: EnvironmentArgument,
    /// The kind of the new key.
    #[arg(long, value_enum, default_value = "ec-p256")]
    algorithm: AlgorithmArgument,
    /// How long the old key stays trusted, such as 90m; two hours by default. In a protected environment it is at least
    /// as long as the key's URLs live.
    #[arg(long, value_name = "TIME")]
    overlap: Option<Overlap>,
    /// Wait until the old key is removed.
    #[arg(long)]
    wait: bool,
    /// Revoke all older keys as soon as the new one signs: every URL that they signed stops working.
    #[arg(long, conflicts_with = "overlap")]
    emergency: bool,
    /// Do not ask before anything is changed.
    #[arg(long)]
    yes: bool,
}

pub(super) async fn run(arguments: Arguments) -> Result<Outcome> {
    let environment = arguments.environment.load()?;
    let connection = connect(&environment).await?;
    let options = RotateOptions {
        algorithm: arguments.algorithm.into(),
        overlap: arguments.overlap.unwrap_or_default(),
        wait: arguments.wait,
        emergency: arguments.emergency,
        consent: Consent::from_yes_flag(arguments.yes),
    };
    match rotate(&environment, &connection, &options).await? {
        Rotated::Revoked(active, when) => {
            terminal::say(format!("{active} signs. Every edge rejects signatures of older keys {when}."));
        }
        Rotated::Complete(active) => terminal::say(format!("{active} signs, and is the only key.")),
        Rotated::Overlapping(active, time) => terminal::say(format!(
            "{active} signs. The previous key stays trusted until {}; after that, {} removes it.",
            time.format("%Y-%m-%d %H:%M:%S UTC"),
            command_for(&environment.name, "keys retire")
        )),
    }
    Ok(Outcome::Done)
}
