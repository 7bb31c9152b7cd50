//! `cargo xtask deploy`: builds, reviews, uploads, applies, and verifies.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use command_line::{EnvironmentArgument, Outcome};
use deploy::deployment::Subject;
use deploy::release::ReleaseId;
use operator::connect::connect;
use operator::deploy::{DeployOptions, deploy, read_plan};

use crate::build::profile;

/// Options of `deploy`.
#[derive(Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    environment: EnvironmentArgument,
    /// Deploy what was published as this release, and build nothing.
    #[arg(long, value_name = "ID")]
    release: Option<ReleaseId>,
    /// Apply the plan that `diff --out` wrote, exactly as it was reviewed, without asking.
    #[arg(long, value_name = "FILE", conflicts_with = "release")]
    plan: Option<PathBuf>,
    #[command(flatten)]
    options: DeployOptions,
}

pub(crate) async fn run(arguments: Arguments) -> Result<Outcome> {
    let environment = arguments.environment.load()?;
    let (mut options, outputs) = arguments.options.split();
    options.check(&environment)?;
    let planned = read_plan(arguments.plan.as_deref(), &environment, &mut options)?;
    let connection = connect(&environment).await?;
    let subject = match arguments.release.or(planned) {
        Some(id) => Subject::Release(id),
        None => Subject::Source(profile(&environment, &connection)),
    };
    deploy(&environment, &connection, &options, outputs, subject).await
}
