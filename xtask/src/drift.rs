//! `cargo xtask drift`

mod detection;
mod false_positive;
mod report;

use anyhow::{Result, bail};
use aws_sdk_cloudformation::Client;
use clap::Args;

pub(crate) use self::false_positive::{is_known, is_left_out};
use self::report::Report;
use crate::deployed_stack::DeployedStack;
use crate::environment::EnvironmentArgument;
use crate::{Outcome, aws, stack_resources, terminal};

/// Options of `drift`.
#[derive(Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    environment: EnvironmentArgument,
    /// Print JSON, for programs.
    #[arg(long)]
    json: bool,
}

pub(crate) async fn run(arguments: Arguments) -> Result<Outcome> {
    let environment = arguments.environment.load()?;
    let connection = aws::connect(&environment).await?;
    let client = Client::new(&connection.configuration);
    let stack_name = stack::stack_name(&environment);
    DeployedStack::get(&client, &stack_name).await?;
    let step = terminal::Step::begin("drift");
    let failure = detection::run(&client, &stack_name).await?;
    let drifts = detection::results(&client, &stack_name).await?;
    let report = Report::new(stack_resources::list(&client, &stack_name).await?, drifts);
    step.done(report.summary());
    if arguments.json {
        println!("{}", serde_json::to_string_pretty(&report)?);
    } else {
        report.show();
    }
    if let Some(reason) = failure {
        bail!("CloudFormation could not check everything that it can check: {reason}");
    }
    Ok(if report.is_clean() { Outcome::Done } else { Outcome::Differences })
}
