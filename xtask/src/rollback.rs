//! `cargo xtask rollback`: put an earlier release back.

use anyhow::Result;
use clap::Args;

use crate::deploy::{Deployment, Options, Subject};
use crate::environment::EnvironmentArgument;
use crate::release::ReleaseId;
use crate::{Outcome, aws};

/// Options of `rollback`.
#[derive(Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    environment: EnvironmentArgument,
    /// Go back to this release; without it, to what was deployed before that which is deployed now.
    #[arg(long, value_name = "ID")]
    to: Option<ReleaseId>,
    #[command(flatten)]
    options: Options,
}

pub(crate) async fn run(arguments: Arguments) -> Result<Outcome> {
    let environment = arguments.environment.load()?;
    arguments.options.check(&environment)?;
    let connection = aws::connect(&environment).await?;
    let subject = arguments.to.map_or(Subject::Previous, Subject::Release);
    Deployment::new(&environment, &connection, &arguments.options, subject).run().await
}
