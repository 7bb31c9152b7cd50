//! `cargo xtask deploy`: build, upload, review, apply.

mod artifacts;
mod change_set;
mod execution;

use anyhow::{Context, Result, bail};
use aws_sdk_cloudformation::Client;
use clap::Args;
use dialoguer::Confirm;
use stack::{Environment, Inputs};

pub(crate) use self::change_set::status_of as stack_status;
use self::change_set::{ChangeSet, Proposal};
use crate::aws::Connection;
use crate::build::{self, Profile};
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

/// Who agrees to the changes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Consent {
    /// Whoever sits at the terminal is asked.
    Ask,
    /// It was given beforehand.
    Given,
    /// Nobody needs to: the stack is that of this machine, and made anew at each start.
    Implied,
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

/// Bring an environment's stack to this template, and return its outputs.
pub(crate) async fn apply(
    environment: &Environment,
    connection: &Connection,
    template: &serde_json::Value,
    consent: Consent,
) -> Result<Outputs> {
    let stack_name = stack::stack_name(environment);
    let client = Client::new(&connection.configuration);
    let step = terminal::Step::begin("change set");
    let body = artifacts::template_source(environment, connection, template).await?;
    match ChangeSet::propose(&client, &stack_name, body).await? {
        Proposal::NoChanges => {
            step.done("no changes: the stack is as the source says");
        }
        Proposal::Changes(change_set) => {
            step.done(change_set.summary());
            if consent != Consent::Implied {
                change_set.show();
            }
            if let Err(refusal) = agree(consent, &format!("Make these changes to {stack_name}?")) {
                change_set.discard(&client).await;
                return Err(refusal);
            }
            execution::execute(&client, &change_set).await?;
        }
    }
    Outputs::read(&client, &stack_name).await
}

/// Have somebody agree to what was just shown.
pub(crate) fn agree(consent: Consent, question: &str) -> Result<()> {
    if consent != Consent::Ask {
        return Ok(());
    }
    if !terminal::can_ask() {
        bail!("nobody is here to agree to these changes; pass --yes to make them");
    }
    let agreed = Confirm::new().with_prompt(question).default(false).interact();
    if agreed.context("no answer")? { Ok(()) } else { bail!("not agreed; nothing was changed") }
}
