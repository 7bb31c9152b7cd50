//! Reading a template as a JSON document: one of ours, or what is deployed.

use serde_json::{Map, Value, json};

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
