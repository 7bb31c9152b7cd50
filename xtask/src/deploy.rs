//! `cargo xtask deploy`: build, upload, review, apply.

mod artifacts;

use anyhow::Result;
use clap::Args;
use stack::{Environment, Inputs};

use crate::apply::apply;
use crate::aws::Connection;
use crate::build::{self, Profile};
use crate::consent::Consent;
use crate::environment::EnvironmentArgument;
use crate::outputs::Outputs;
use crate::stack_file::StackFile;
use crate::{Outcome, aws, keys, terminal};

/// Options of `deploy`.
#[derive(Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    environment: EnvironmentArgument,
    /// Do not ask before the changes are made.
    #[arg(long)]
    yes: bool,
}

pub(crate) async fn run(arguments: Arguments) -> Result<Outcome> {
    let environment = arguments.environment.load()?;
    let consent = if arguments.yes { Consent::Given } else { Consent::Ask };
    let connection = aws::connect(&environment).await?;
    let outputs = deploy(&environment, &connection, profile_of(&environment)?, consent).await?;
    println!("{}", outputs.to_json()?);
    Ok(Outcome::Done)
}

/// How the functions of an environment are built: those of the local stack as the running stack was started, all others
/// for Lambda.
fn profile_of(environment: &Environment) -> Result<Profile> {
    if environment.name.as_str() == ::local::ENVIRONMENT {
        Ok(StackFile::read_running()?.profile(environment))
    } else {
        Ok(Profile::Release(environment.architecture))
    }
}

/// Bring an environment's stack up to date, and return its outputs.
pub(crate) async fn deploy(
    environment: &Environment,
    connection: &Connection,
    profile: Profile,
    consent: Consent,
) -> Result<Outputs> {
    let stack_name = stack::stack_name(environment);
    let region = &environment.region;
    terminal::say(format!("  deploying {stack_name} to account {} in {region}", connection.account));
    let signing_keys = keys::for_deployment(environment, &connection.configuration).await?;
    let built = build::build(profile).await?;
    let artifacts = artifacts::upload(environment, connection, &built, consent).await?;
    let inputs = Inputs { environment, signing_keys: &signing_keys, artifacts: &artifacts };
    let template = stack::render(&inputs)?;
    apply(environment, connection, &template.to_value(), consent).await
}
