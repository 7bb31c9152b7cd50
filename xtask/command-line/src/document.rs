//! Prints documents on standard output as JSON or YAML.

use anyhow::Result;
use clap::ValueEnum;
use serde_json::Value;
use yaml_serde::Mapping;

/// The format of a printed document.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
pub enum Format {
    /// JSON, as programs read it.
    #[default]
    Json,
    /// YAML, as people read it.
    Yaml,
}

impl Format {
    /// Returns the text of a document.
    pub fn to_text(self, document: &Value) -> Result<String> {
        match self {
            Self::Json => Ok(format!("{document:#}")),
            Self::Yaml => yaml(document),
        }
    }
}

/// The keys that come first in a template, a resource, or a statement.
///
/// All others follow in alphabetical order.
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

/// Returns a document as YAML, with its keys in a readable order.
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

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use stack::{Environment, SigningKey, SigningKeys, preview_with};

    use super::yaml;

    fn read_back(document: &Value) -> Value {
        yaml_serde::from_str(&yaml(document).unwrap()).unwrap()
    }

    #[test]
    fn yaml_contains_the_same_values_as_json() {
        let file = include_str!("../../../stack/environments/prod.toml");
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
    fn yaml_keys_are_in_reading_order() {
        let resource = json!({ "DeletionPolicy": "Delete", "Properties": {}, "Type": "AWS::S3::Bucket" });
        assert_eq!(
            yaml(&resource).unwrap(),
            "Type: AWS::S3::Bucket\nDeletionPolicy: Delete\nProperties: {}\n"
        );
    }
}
