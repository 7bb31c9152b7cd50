//! The outputs of a deployed stack.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use aws_sdk_cloudformation::types::Output;
use stack::{FunctionName, OutputName};

use crate::connection::LocalStack;

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

    /// Returns the deployed name of a function, or `None` if the stack does not have it.
    pub(crate) fn function(&self, function: FunctionName) -> Option<&str> {
        let output = match function {
            FunctionName::Api => OutputName::ApiFunctionName,
            FunctionName::Restore => OutputName::RestoreFunctionName,
            FunctionName::Authorizer => OutputName::AuthorizerFunctionName,
        };
        self.get(output).ok()
    }

    /// Creates outputs from pairs of names and values.
    pub fn from_pairs<const N: usize>(pairs: [(&str, &str); N]) -> Self {
        Self(pairs.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
    }

    /// Returns all outputs as JSON, as clients use them.
    pub fn to_json(&self, local: Option<&LocalStack>) -> Result<String> {
        Ok(serde_json::to_string_pretty(&self.as_served(local))?)
    }

    /// Returns all outputs as assignments of environment variables, such as `API_URL='https://…'`.
    pub fn to_variables(&self, local: Option<&LocalStack>) -> String {
        let name = |name: &str| {
            let mut variable = String::new();
            for (index, letter) in name.char_indices() {
                if letter.is_ascii_uppercase() && index > 0 {
                    variable.push('_');
                }
                variable.push(letter.to_ascii_uppercase());
            }
            variable
        };
        let line =
            |(key, value): (&String, &String)| format!("{}='{}'", name(key), value.replace('\'', r"'\''"));
        self.as_served(local).iter().map(line).collect::<Vec<_>>().join("\n")
    }

    /// Returns the outputs by name.
    ///
    /// For a local stack, the API and the CDN have the addresses at which they are served: the host names that the
    /// emulator invents do not resolve.
    fn as_served(&self, local: Option<&LocalStack>) -> BTreeMap<String, String> {
        let mut outputs = self.0.clone();
        if let Some(local) = local {
            let host = local.cdn_url.split_once("://").map_or(local.cdn_url.as_str(), |(_, host)| host);
            let served =
                [(OutputName::ApiUrl, local.api_url.as_str()), (OutputName::DistributionDomainName, host)];
            for (name, address) in served {
                outputs.entry(name.as_str().to_owned()).and_modify(|value| address.clone_into(value));
            }
        }
        outputs
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_cloudformation::types::Output;
    use serde_json::{Value, json};

    use super::Outputs;
    use crate::connection::LocalStack;

    #[test]
    fn outputs_of_a_local_stack_have_addresses_that_work() {
        let output = |key: &str, value: &str| Output::builder().output_key(key).output_value(value).build();
        let outputs = Outputs::new(vec![
            output("ApiUrl", "https://abc.execute-api.us-east-1.amazonaws.com"),
            output("DistributionDomainName", "d1.cloudfront.net"),
            output("ApiId", "abc"),
        ]);
        let local = LocalStack {
            api_url: "http://127.0.0.1:9001".to_owned(),
            cdn_url: "http://127.0.0.1:9002".to_owned(),
            aws_endpoint_url: String::new(),
            console_url: String::new(),
            database_url: String::new(),
            is_release_build: false,
        };
        let read = |text: String| serde_json::from_str::<Value>(&text).unwrap();
        assert_eq!(
            read(outputs.to_json(Some(&local)).unwrap()),
            json!({
                "ApiUrl": "http://127.0.0.1:9001",
                "DistributionDomainName": "127.0.0.1:9002",
                "ApiId": "abc",
            })
        );
        assert_eq!(
            outputs.to_variables(Some(&local)),
            "API_ID='abc'\nAPI_URL='http://127.0.0.1:9001'\nDISTRIBUTION_DOMAIN_NAME='127.0.0.1:9002'"
        );
        let deployed = read(outputs.to_json(None).unwrap());
        assert_eq!(deployed["DistributionDomainName"], "d1.cloudfront.net");
    }
}
