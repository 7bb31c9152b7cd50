//! `cargo xtask rollback`: deploys an earlier release again.

use anyhow::Result;
use clap::Args;
use command_line::{EnvironmentArgument, Outcome};
use deploy::deployment::Subject;
use deploy::release::ReleaseId;

use crate::connect::connect;
use crate::deploy::{DeployOptions, deploy};

/// Options of `rollback`.
#[derive(Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    environment: EnvironmentArgument,
    /// Deploy this release; by default, the one that was deployed before the current one.
    #[arg(long, value_name = "ID")]
    to: Option<ReleaseId>,
    #[command(flatten)]
    options: DeployOptions,
}

pub(crate) async fn run(arguments: Arguments) -> Result<Outcome> {
    let environment = arguments.environment.load()?;
    let (options, outputs) = arguments.options.split();
    options.check(&environment)?;
    let connection = connect(&environment).await?;
    let subject = arguments.to.map_or(Subject::Previous, Subject::Release);
    deploy(&environment, &connection, &options, outputs, subject).await
}
