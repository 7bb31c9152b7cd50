//! `cargo xtask render --policies`: prints IAM policies.
//!
//! The name of a role is in the Parameter Store, so this needs AWS.

use anyhow::Result;
use clap::Args;
use command_line::{EnvironmentArgument, Format, Outcome, output};
use deploy::platform_parameters;

use operator::connect::connect;

/// Options of `render`, as far as AWS is needed.
#[derive(Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    environment: EnvironmentArgument,
    /// Print the IAM policies that reviewing and deploying the environment need, by name.
    #[arg(long, required = true)]
    policies: bool,
    /// The format to print.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

pub(crate) async fn run(arguments: Arguments) -> Result<Outcome> {
    let environment = arguments.environment.load()?;
    let connection = connect(&environment).await?;
    let needed = stack::operator_parameters(&environment);
    let values = platform_parameters::read_all(&environment, &connection, &needed).await?;
    let document = stack::operator_policies(&environment, &values)?;
    output::print(arguments.format.to_text(&document)?.trim_end())?;
    Ok(Outcome::Done)
}
