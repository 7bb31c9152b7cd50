//! `cargo xtask render`

use anyhow::Result;
use clap::Args;
use stack::{Artifacts, Environment, Inputs, SigningKeys, Template};

use crate::Outcome;
use crate::environment::EnvironmentArgument;

/// Options of `render`.
#[derive(Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    environment: EnvironmentArgument,
    /// Print only the IAM policies of the functions' roles.
    #[arg(long)]
    iam: bool,
}

pub(crate) fn run(arguments: &Arguments) -> Result<Outcome> {
    let template = preview(&arguments.environment.load()?)?;
    let text = if arguments.iam { template.iam_policies_json() } else { template.to_json() };
    println!("{}", text.trim_end());
    Ok(Outcome::Done)
}

/// The template without what only a deployment knows: it has no signing keys, and zeros for the hashes of the code.
pub(crate) fn preview(environment: &Environment) -> Result<Template> {
    let artifacts = Artifacts::unknown(environment);
    let signing_keys = SigningKeys::none();
    Ok(stack::render(&Inputs { environment, signing_keys: &signing_keys, artifacts: &artifacts })?)
}
