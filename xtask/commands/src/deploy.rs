//! `cargo xtask deploy`: builds, reviews, uploads, applies, and verifies.

use anyhow::Result;
use clap::Args;
use command_line::{EnvironmentArgument, Outcome};
use deploy::deployment::Subject;
use deploy::release::ReleaseId;
use operator::connect::connect;
use operator::deploy::{DeployOptions, deploy};

use crate::build::profile;

/// Options of `deploy`.
#[derive(Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    environment: EnvironmentArgument,
    /// Deploy what was published as this release, and build nothing.
    #[arg(long, value_name = "ID")]
    release: Option<ReleaseId>,
    #[command(flatten)]
    options: DeployOptions,
}

pub(crate) async fn run(arguments: Arguments) -> Result<Outcome> {
    let environment = arguments.environment.load()?;
    let (options, outputs) = arguments.options.split();
    options.check(&environment)?;
    let connection = connect(&environment).await?;
    let subject = match arguments.release {
        Some(id) => Subject::Release(id),
        None => Subject::Source(profile(&environment, &connection)),
    };
    deploy(&environment, &connection, &options, outputs, subject).await
}
