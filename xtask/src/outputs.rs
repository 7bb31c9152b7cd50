//! `cargo xtask outputs`

use anyhow::Result;
use clap::Args;

use crate::deployed_stack::DeployedStack;
use crate::environment::EnvironmentArgument;
use crate::{Outcome, aws};

/// Options of `outputs`.
#[derive(Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    environment: EnvironmentArgument,
}

pub(crate) async fn run(arguments: Arguments) -> Result<Outcome> {
    let environment = arguments.environment.load()?;
    let connection = aws::connect(&environment).await?;
    let client = aws_sdk_cloudformation::Client::new(&connection.configuration);
    let stack = DeployedStack::get(&client, &stack::stack_name(&environment)).await?;
    println!("{}", stack.outputs.to_json()?);
    Ok(Outcome::Done)
}
