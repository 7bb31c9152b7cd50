//! The differences between two values, down to the innermost.

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::{Map, Value};

/// One value that differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PropertyDifference {
    /// Its path: names and indexes separated by dots, such as `Environment.Variables.LOG_LEVEL`.
    pub path: String,
    /// The old value, if any.
    pub old: Option<Value>,
    /// The new value, if any.
    pub new: Option<Value>,
}

impl PropertyDifference {
    /// Returns the name of the outermost property that it is in.
    pub fn property(&self) -> &str {
        self.path.split('.').next().unwrap_or_default()
    }
}

/// Returns the differences between two states of a part of a template: in the properties of a resource, and in attributes
/// such as `DeletionPolicy`.
pub(super) fn differences(old: &Value, new: &Value) -> Vec<PropertyDifference> {
    let mut found = Vec::new();
    compare(&mut found, "", old.get("Properties"), new.get("Properties"));
    let without_properties = |value: &Value| {
        let mut attributes = value.as_object().cloned().unwrap_or_default();
        attributes.remove("Properties");
        Value::Object(attributes)
    };
    compare(&mut found, "", Some(&without_properties(old)), Some(&without_properties(new)));
    found
}

fn compare(found: &mut Vec<PropertyDifference>, path: &str, old: Option<&Value>, new: Option<&Value>) {
    let below = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
    if let (Some(old), Some(new)) = (old.and_then(document), new.and_then(document)) {
        compare(found, path, Some(&old), Some(&new));
        return;
    }
    match (old, new) {
        _ if old == new => {}
        // A text that CloudFormation assembles is one value.
        (Some(Value::Object(old)), Some(Value::Object(new))) if !is_function(old) && !is_function(new) => {
            let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
            for name in names {
                compare(found, &below(name), old.get(name), new.get(name));
            }
        }
        (Some(Value::Array(old)), Some(Value::Array(new))) if old.len() == new.len() => {
            for (index, (old, new)) in old.iter().zip(new).enumerate() {
                compare(found, &below(&index.to_string()), Some(old), Some(new));
            }
        }
        _ => {
            let difference =
                PropertyDifference { path: path.to_owned(), old: old.cloned(), new: new.cloned() };
            found.push(difference);
        }
    }
}

/// Returns the JSON document in a text, such as the body of a dashboard, also if CloudFormation fills in references.
fn document(value: &Value) -> Option<Value> {
    let text = match value {
        Value::String(text) => text,
        Value::Object(object) if object.len() == 1 => object.get("Fn::Sub")?.as_str()?,
        _ => return None,
    };
    serde_json::from_str(text).ok().filter(|document: &Value| document.is_object() || document.is_array())
}

/// Whether this is `{"Ref": …}`, `{"Fn::Sub": …}` and the like.
fn is_function(object: &Map<String, Value>) -> bool {
    object.len() == 1 && object.keys().all(|name| name == "Ref" || name.starts_with("Fn::"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::differences;

    #[test]
    fn difference_has_the_path_of_the_innermost_value() {
        let old = json!({"DeletionPolicy": "Retain", "Properties": {
            "A": {"B": [1, {"C": 2}]}, "Text": {"Fn::Sub": "a"}, "Gone": true, "List": [1],
        }});
        let new = json!({"Properties": {
            "A": {"B": [1, {"C": 3}]}, "Text": {"Fn::Sub": "b"}, "New": 4, "List": [1, 2],
        }});
        let output: Vec<_> = differences(&old, &new)
            .into_iter()
            .map(|it| format!("{}: {} → {}", it.path, it.old.unwrap_or_default(), it.new.unwrap_or_default()))
            .collect();
        assert_eq!(
            output,
            [
                "A.B.1.C: 2 → 3",
                "Gone: true → null",
                "List: [1] → [1,2]",
                "New: null → 4",
                r#"Text: {"Fn::Sub":"a"} → {"Fn::Sub":"b"}"#,
                r#"DeletionPolicy: "Retain" → null"#,
            ]
        );
        assert_eq!(differences(&old, &old), []);
    }

    #[test]
    fn difference_in_a_document_in_a_text_has_its_path() {
        let body = |height: u8| json!({"Fn::Sub": json!({"widgets": [{"height": height, "api": "${Api}"}]}).to_string()});
        let properties = |height| json!({"Properties": {"DashboardBody": body(height), "Name": "[not json"}});
        let found = differences(&properties(6), &properties(9));
        let found: Vec<_> = found.iter().map(|it| (it.path.as_str(), &it.old, &it.new)).collect();
        assert_eq!(found, [("DashboardBody.widgets.0.height", &Some(json!(6)), &Some(json!(9)))]);
    }
}
