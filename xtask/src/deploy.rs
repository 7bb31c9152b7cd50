//! `cargo xtask deploy`: build, review, upload, apply, verify.

mod deployment;
mod options;
mod protection;
mod recovery;
mod survey;
mod verification;

use anyhow::Result;
use clap::Args;
use stack::Environment;

pub(crate) use self::deployment::{Deployment, Subject};
pub(crate) use self::options::Options;
pub(crate) use self::recovery::delete as delete_stack;
use crate::build::Profile;
use crate::environment::EnvironmentArgument;
use crate::release::ReleaseId;
use crate::stack_file::StackFile;
use crate::{Outcome, aws};

/// Options of `deploy`.
#[derive(Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    environment: EnvironmentArgument,
    /// Deploy what was published as this release, and build nothing.
    #[arg(long, value_name = "ID")]
    release: Option<ReleaseId>,
    #[command(flatten)]
    options: Options,
}

pub(crate) async fn run(arguments: Arguments) -> Result<Outcome> {
    let environment = arguments.environment.load()?;
    arguments.options.check(&environment)?;
    let connection = aws::connect(&environment).await?;
    let subject = match arguments.release {
        Some(id) => Subject::Release(id),
        None => Subject::Source(profile_of(&environment)?),
    };
    Deployment::new(&environment, &connection, &arguments.options, subject).run().await
}

/// How the functions of an environment are built: those of the local stack as the running stack was started, all others
/// for Lambda.
pub(crate) fn profile_of(environment: &Environment) -> Result<Profile> {
    if environment.name.as_str() == ::local::ENVIRONMENT {
        Ok(StackFile::read_running()?.profile(environment))
    } else {
        Ok(Profile::Release(environment.architecture))
    }
}
