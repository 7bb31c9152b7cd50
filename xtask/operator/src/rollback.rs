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
pub struct Arguments {
    #[command(flatten)]
    environment: EnvironmentArgument,
    /// Go back to this release; without it, to the last verified release before the deployed one.
    #[arg(long, value_name = "ID")]
    to: Option<ReleaseId>,
    /// Allow a release whose last deployment was not verified, together with --yes.
    #[arg(long, requires = "to")]
    allow_unverified: bool,
    #[command(flatten)]
    options: DeployOptions,
}

pub(crate) async fn run(arguments: Arguments) -> Result<Outcome> {
    let environment = arguments.environment.load()?;
    let (mut options, outputs) = arguments.options.split();
    options.allow_unverified = arguments.allow_unverified;
    options.check(&environment)?;
    let connection = connect(&environment).await?;
    deploy(&environment, &connection, &options, outputs, Subject::Rollback(arguments.to)).await
}
