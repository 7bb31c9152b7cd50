//! `cargo xtask render`

use anyhow::Result;
use clap::Args;
use stack::{Artifacts, Environment, Facts, Inputs, SigningKeys, Template};

use crate::environment::EnvironmentArgument;
use crate::{Outcome, aws, platform_facts};

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

pub(crate) async fn run(arguments: &Arguments) -> Result<Outcome> {
    let environment = arguments.environment.load()?;
    let text = if arguments.policies {
        format!("{:#}", operator_policies(&environment).await?)
    } else if arguments.iam {
        preview(&environment)?.iam_policies_json()
    } else {
        preview(&environment)?.to_json()
    };
    println!("{}", text.trim_end());
    Ok(Outcome::Done)
}

/// The policies of whoever looks at an environment or deploys it. Only roles that the environment refers to by a path in the
/// Parameter Store take a look there.
async fn operator_policies(environment: &Environment) -> Result<serde_json::Value> {
    let needed = stack::operator_facts(environment);
    let facts = if needed.is_empty() {
        Facts::new()
    } else {
        let connection = aws::connect(environment).await?;
        platform_facts::read_all(environment, &connection, &needed).await?
    };
    Ok(stack::operator_policies(environment, &facts)?)
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
