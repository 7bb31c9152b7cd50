//! `cargo xtask destroy`: deletes an environment's stack.

use anyhow::Result;
use clap::Args;
use command_line::{EnvironmentArgument, Outcome, terminal};
use deploy::Consent;
use deploy::destroy::Destruction;
use machine::command;

use crate::connect::connect;

/// Options of `destroy`.
#[derive(Args)]
pub struct Arguments {
    #[command(flatten)]
    environment: EnvironmentArgument,
    /// Do not ask before the stack is deleted.
    #[arg(long)]
    yes: bool,
}

pub(crate) async fn run(arguments: Arguments) -> Result<Outcome> {
    let environment = arguments.environment.load()?;
    let connection = connect(&environment).await?;
    let destruction = Destruction::new(&environment, &connection);
    tokio::select! {
        ended = destruction.run(Consent::from_yes_flag(arguments.yes)) => ended.map(|()| Outcome::Done),
        interrupted = command::interrupted() => {
            interrupted?;
            terminal::report(destruction.interrupt().await);
            // The exit code that shells use for an interrupted program.
            Ok(Outcome::Code(130))
        }
    }
}
