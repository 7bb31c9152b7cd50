//! `cargo xtask outputs`

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use aws_sdk_cloudformation::types::Output;
use clap::Args;
use stack::OutputName;

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
    println!("{}", Outputs::read(&client, &stack::stack_name(&environment)).await?.to_json()?);
    Ok(Outcome::Done)
}

/// What a deployed stack says of itself.
#[derive(Clone)]
pub(crate) struct Outputs(BTreeMap<String, String>);

impl Outputs {
    pub(crate) fn new(outputs: Vec<Output>) -> Self {
        let pairs = outputs.into_iter().filter_map(|output| Some((output.output_key?, output.output_value?)));
        Self(pairs.collect())
    }

    /// Read the outputs of a stack.
    pub(crate) async fn read(client: &aws_sdk_cloudformation::Client, stack_name: &str) -> Result<Self> {
        Ok(DeployedStack::get(client, stack_name).await?.outputs)
    }

    /// One of the outputs that our template has.
    pub(crate) fn get(&self, name: OutputName) -> Result<&str> {
        let value = self.0.get(name.as_str()).map(String::as_str);
        value.with_context(|| format!("the deployed stack has no output {name}; deploy again"))
    }

    /// All outputs as JSON.
    pub(crate) fn to_json(&self) -> Result<String> {
        Ok(serde_json::to_string_pretty(&self.0)?)
    }
}
