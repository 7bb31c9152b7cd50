//! `cargo xtask keys retire`: removes old keys or the next key.

use anyhow::Result;
use clap::Args;
use command_line::{EnvironmentArgument, Outcome, terminal};
use deploy::Consent;
use deploy::keys::{Retired, retire};
use stack::Fingerprint;

use crate::connect::connect;

/// Options of `keys retire`.
#[derive(Args)]
pub struct Arguments {
    #[command(flatten)]
    environment: EnvironmentArgument,
    /// The fingerprint of one key; a next key is removed at once. Without it, all expired keys are removed.
    key: Option<Fingerprint>,
    /// Do not ask before anything is changed.
    #[arg(long)]
    yes: bool,
}

pub(super) async fn run(arguments: Arguments) -> Result<Outcome> {
    let environment = arguments.environment.load()?;
    let connection = connect(&environment).await?;
    let consent = Consent::from_yes_flag(arguments.yes);
    match retire(&environment, &connection, arguments.key.as_ref(), consent).await? {
        Retired::Nothing => terminal::say("There is no key to retire."),
        Retired::Done => {}
        Retired::Until(reason) => terminal::say(reason),
    }
    Ok(Outcome::Done)
}
