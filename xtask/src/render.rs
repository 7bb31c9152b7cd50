//! `cargo xtask render`

use anyhow::Result;
use clap::{Args, ValueEnum};
use serde_json::Value;
use stack::{Artifacts, Environment, Facts, Inputs, SigningKeys, Template};
use yaml_serde::Mapping;

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
    /// The format to print.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum Format {
    #[default]
    Json,
    Yaml,
}

pub(crate) async fn run(arguments: &Arguments) -> Result<Outcome> {
    let environment = arguments.environment.load()?;
    let document = if arguments.policies {
        operator_policies(&environment).await?
    } else if arguments.iam {
        stack::iam_policies(&preview(&environment)?.to_value())
    } else {
        preview(&environment)?.to_value()
    };
    let text = match arguments.format {
        Format::Json => format!("{document:#}"),
        Format::Yaml => yaml(&document)?,
    };
    println!("{}", text.trim_end());
    Ok(Outcome::Done)
}

/// The policies of whoever looks at an environment or deploys it. Only roles that the environment refers to by a path in the
/// Parameter Store take a look there.
async fn operator_policies(environment: &Environment) -> Result<Value> {
    let needed = stack::operator_facts(environment);
    let facts = if needed.is_empty() {
        Facts::new()
    } else {
        let connection = aws::connect(environment).await?;
        platform_facts::read_all(environment, &connection, &needed).await?
    };
    Ok(stack::operator_policies(environment, &facts)?)
}

/// What people look for first in a template, a resource or a statement; other keys follow in the order of the alphabet.
const FIRST_KEYS: [&str; 12] = [
    "AWSTemplateFormatVersion",
    "Description",
    "Metadata",
    "Parameters",
    "Resources",
    "Type",
    "DependsOn",
    "Sid",
    "Effect",
    "Principal",
    "Action",
    "Resource",
];

/// Returns a document as YAML, with its keys in the order in which people read them.
fn yaml(document: &Value) -> Result<String> {
    Ok(yaml_serde::to_string(&in_reading_order(yaml_serde::to_value(document)?))?)
}

fn in_reading_order(value: yaml_serde::Value) -> yaml_serde::Value {
    match value {
        yaml_serde::Value::Mapping(members) => {
            let place = |key: &yaml_serde::Value| FIRST_KEYS.iter().position(|first| *key == **first);
            let mut members: Vec<_> = members.into_iter().collect();
            members.sort_by_key(|(key, _)| place(key).unwrap_or(FIRST_KEYS.len()));
            members.into_iter().map(|(key, value)| (key, in_reading_order(value))).collect::<Mapping>().into()
        }
        yaml_serde::Value::Sequence(items) => items.into_iter().map(in_reading_order).collect(),
        other => other,
    }
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

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use stack::{Environment, SigningKey, SigningKeys};

    use super::{preview_with, yaml};

    fn read_back(document: &Value) -> Value {
        yaml_serde::from_str(&yaml(document).unwrap()).unwrap()
    }

    #[test]
    fn yaml_contains_the_same_values_as_json() {
        let file = include_str!("../../stack/environments/prod.toml");
        let environment = Environment::parse(&"prod".parse().unwrap(), file).unwrap();
        let pem = "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n";
        let key = SigningKey::new("0123456789ab".parse().unwrap(), 0, pem).unwrap();
        let keys = SigningKeys::new(vec![key.clone()], Some(key.fingerprint().clone())).unwrap();
        let template = preview_with(&environment, &keys).unwrap().to_value();
        assert_eq!(read_back(&template), template);
        let text = yaml(&template).unwrap();
        assert!(text.starts_with("AWSTemplateFormatVersion: "), "{text}");
        assert!(text.contains("EncodedKey: |\n"), "{text}");

        let texts = [
            "",
            " ",
            "yes",
            "No",
            "on",
            "null",
            "~",
            "1",
            "1e3",
            "0x1",
            "2012-10-17",
            "a: b",
            "- a",
            "a\nb\n",
            "#",
            "*",
            "é",
        ];
        let ambiguous = json!({ "texts": texts, "numbers": [0, -1, 1.5, u64::MAX], "flags": [true, null] });
        assert_eq!(read_back(&ambiguous), ambiguous);
    }

    #[test]
    fn yaml_has_its_keys_in_reading_order() {
        let resource = json!({ "DeletionPolicy": "Delete", "Properties": {}, "Type": "AWS::S3::Bucket" });
        assert_eq!(
            yaml(&resource).unwrap(),
            "Type: AWS::S3::Bucket\nDeletionPolicy: Delete\nProperties: {}\n"
        );
    }
}
