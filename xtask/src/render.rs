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
    /// Print the IAM policies of whoever looks at the environment or deploys it, by name.
    #[arg(long, conflicts_with = "iam")]
    policies: bool,
}

pub(crate) fn run(arguments: &Arguments) -> Result<Outcome> {
    let environment = arguments.environment.load()?;
    let text = if arguments.policies {
        format!("{:#}", stack::operator_policies(&environment)?)
    } else if arguments.iam {
        preview(&environment)?.iam_policies_json()
    } else {
        preview(&environment)?.to_json()
    };
    println!("{}", text.trim_end());
    Ok(Outcome::Done)
}

/// The template without what only a deployment knows: it has no signing keys, and zeros for the hashes of the code.
pub(crate) fn preview(environment: &Environment) -> Result<Template> {
    preview_with(environment, &SigningKeys::none())
}

/// The same with signing keys.
pub(crate) fn preview_with(environment: &Environment, signing_keys: &SigningKeys) -> Result<Template> {
    let artifacts = Artifacts::unknown(environment);
    Ok(stack::render(&Inputs { environment, signing_keys, artifacts: &artifacts })?)
}
