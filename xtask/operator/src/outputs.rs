//! `cargo xtask outputs`: prints the outputs of a deployed stack.

use anyhow::Result;
use clap::Args;
use command_line::{EnvironmentArgument, Outcome, output};
use deploy::deployed_stack::DeployedStack;

use crate::connect::connect;

/// Options of `outputs`.
#[derive(Args)]
pub struct Arguments {
    #[command(flatten)]
    environment: EnvironmentArgument,
}

pub(crate) async fn run(arguments: Arguments) -> Result<Outcome> {
    let environment = arguments.environment.load()?;
    let connection = connect(&environment).await?;
    let client = connection.cloudformation();
    let stack = DeployedStack::get(&client, &environment).await?;
    output::print(stack.outputs.to_json(connection.local.as_ref())?)?;
    Ok(Outcome::Done)
}
