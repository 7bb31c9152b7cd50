//! Reads templates as JSON documents: rendered ones, and deployed ones.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

/// Returns the policies and the trust policy of each role of a template, by logical id.
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

/// Returns a template with values in the place of the parameters that it refers to.
pub(crate) fn fill_in(template: &Value, values: &BTreeMap<String, String>) -> Value {
    match template {
        Value::Array(items) => items.iter().map(|item| fill_in(item, values)).collect(),
        Value::Object(object) => {
            let argument = |name: &str| object.get(name).filter(|_| object.len() == 1)?.as_str();
            if let Some(value) = argument("Ref").and_then(|name| values.get(name)) {
                return Value::String(value.clone());
            }
            if let Some(text) = argument("Fn::Sub") {
                let filled = values.iter().fold(text.to_owned(), |text, (name, value)| {
                    text.replace(&format!("${{{name}}}"), &value.replace("${", "${!"))
                });
                return if filled.contains("${") { json!({ "Fn::Sub": filled }) } else { filled.into() };
            }
            object.iter().map(|(name, value)| (name.clone(), fill_in(value, values))).collect()
        }
        other => other.clone(),
    }
}
