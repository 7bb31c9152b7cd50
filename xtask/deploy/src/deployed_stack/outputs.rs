//! What a deployed stack says of itself.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use aws_sdk_cloudformation::types::Output;
use stack::OutputName;

/// What a deployed stack says of itself.
#[derive(Clone)]
pub struct Outputs(BTreeMap<String, String>);

impl Outputs {
    /// Reads the outputs of a stack.
    pub fn new(outputs: Vec<Output>) -> Self {
        let pairs = outputs.into_iter().filter_map(|output| Some((output.output_key?, output.output_value?)));
        Self(pairs.collect())
    }

    /// One of the outputs that our template has.
    pub fn get(&self, name: OutputName) -> Result<&str> {
        let value = self.0.get(name.as_str()).map(String::as_str);
        value.with_context(|| format!("the deployed stack has no output {name}; deploy again"))
    }

    /// All outputs as JSON.
    pub fn to_json(&self) -> Result<String> {
        Ok(serde_json::to_string_pretty(&self.0)?)
    }
}
