//! The outputs of a deployed stack.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use aws_sdk_cloudformation::types::Output;
use stack::OutputName;

/// The outputs of a deployed stack.
#[derive(Clone)]
pub struct Outputs(BTreeMap<String, String>);

impl Outputs {
    /// Creates outputs from those that CloudFormation returns.
    pub fn new(outputs: Vec<Output>) -> Self {
        let pairs = outputs.into_iter().filter_map(|output| Some((output.output_key?, output.output_value?)));
        Self(pairs.collect())
    }

    /// Returns an output that the service's template defines.
    pub fn get(&self, name: OutputName) -> Result<&str> {
        let value = self.0.get(name.as_str()).map(String::as_str);
        value.with_context(|| format!("the deployed stack has no output {name}; deploy again"))
    }

    /// Returns all outputs as JSON.
    pub fn to_json(&self) -> Result<String> {
        Ok(serde_json::to_string_pretty(&self.0)?)
    }
}
