//! Reading a template as a JSON document: one of ours, or what is deployed.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::environment::{FactKind, NotThat};

/// A fact of the platform that a template has CloudFormation look up in the Parameter Store.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PlatformFact {
    /// The template's parameter.
    pub id: String,
    /// The path in the Parameter Store.
    pub path: String,
    /// What it is.
    pub description: String,
    /// Whether it is a list, which the Parameter Store must hold as a StringList.
    pub is_list: bool,
    /// The type of its setting; plain text where the template, an older one, does not say it.
    pub kind: FactKind,
}

impl PlatformFact {
    /// Checks that a value is what the setting takes, a list item by item.
    pub fn check(&self, value: &str) -> Result<(), NotThat> {
        self.kind.check(value, self.is_list)
    }
}

/// The facts of the platform that a template refers to, by the names of its parameters.
pub fn platform_facts(template: &Value) -> Vec<PlatformFact> {
    let kind = |id: &str| FactKind::deserialize(&template["Metadata"]["PlatformFacts"][id]);
    let parameters = template["Parameters"].as_object().into_iter().flatten();
    parameters
        .filter_map(|(id, parameter)| {
            let held = parameter["Type"].as_str()?.strip_prefix("AWS::SSM::Parameter::Value<")?;
            Some(PlatformFact {
                id: id.clone(),
                path: parameter["Default"].as_str()?.to_owned(),
                description: parameter["Description"].as_str().unwrap_or_default().to_owned(),
                is_list: held.starts_with("List<"),
                kind: kind(id).unwrap_or(FactKind::Text),
            })
        })
        .collect()
}

/// What the roles of a template may do and who may take them, by logical id.
///
/// Takes any template, so that what is deployed can be compared with what would be.
pub fn iam_policies(template: &Value) -> Value {
    let resources = template.get("Resources").and_then(Value::as_object);
    let roles: Map<String, Value> = resources
        .into_iter()
        .flatten()
        .filter(|(_, resource)| resource["Type"] == "AWS::IAM::Role")
        .map(|(id, resource)| {
            let properties = &resource["Properties"];
            let policies: Map<String, Value> = properties["Policies"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(|policy| {
                    let name = policy["PolicyName"].as_str()?;
                    Some((name.to_owned(), policy["PolicyDocument"]["Statement"].clone()))
                })
                .collect();
            let trust = &properties["AssumeRolePolicyDocument"]["Statement"];
            (id.clone(), json!({ "Policies": policies, "Trust": trust }))
        })
        .collect();
    Value::Object(roles)
}

/// Facts by the names of their parameters.
pub type Facts = BTreeMap<String, String>;

/// A template in which the facts stand where it refers to them, for comparing what it means.
pub(crate) fn fill_in(template: &Value, facts: &Facts) -> Value {
    match template {
        Value::Array(items) => items.iter().map(|item| fill_in(item, facts)).collect(),
        Value::Object(object) => {
            let argument = |name: &str| object.get(name).filter(|_| object.len() == 1)?.as_str();
            if let Some(fact) = argument("Ref").and_then(|name| facts.get(name)) {
                return Value::String(fact.clone());
            }
            if let Some(text) = argument("Fn::Sub") {
                let filled = facts.iter().fold(text.to_owned(), |text, (name, fact)| {
                    text.replace(&format!("${{{name}}}"), &fact.replace("${", "${!"))
                });
                return if filled.contains("${") { json!({ "Fn::Sub": filled }) } else { filled.into() };
            }
            object.iter().map(|(name, value)| (name.clone(), fill_in(value, facts))).collect()
        }
        other => other.clone(),
    }
}
