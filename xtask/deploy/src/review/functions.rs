//! Changes to the code of functions.

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::{Map, Value};

/// A function with changed code.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct FunctionChange {
    /// The logical ID of the function.
    pub name: String,
    /// The SHA-256 of the deployed zip file, or `None` if the function is new.
    pub old: Option<String>,
    /// The SHA-256 of the new zip file, or `None` if the function would be removed.
    pub new: Option<String>,
}

/// Returns the functions with different code in two templates.
pub(super) fn changes(old: Option<&Value>, new: &Value) -> Vec<FunctionChange> {
    let empty = Map::new();
    let resources = |template: Option<&Value>| {
        template.and_then(|template| template["Resources"].as_object()).unwrap_or(&empty).clone()
    };
    let (old, new) = (resources(old), resources(Some(new)));
    let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    let change = |name: &String| {
        let (old, new) = (code(old.get(name)), code(new.get(name)));
        (old != new).then(|| FunctionChange { name: name.clone(), old, new })
    };
    names.into_iter().filter_map(change).collect()
}

/// Returns the hash in the key of a function's zip file: `{service}/{function}/{hash}.zip`.
fn code(resource: Option<&Value>) -> Option<String> {
    let resource = resource.filter(|resource| resource["Type"] == "AWS::Lambda::Function")?;
    let key = resource.pointer("/Properties/Code/S3Key")?.as_str()?;
    Some(key.rsplit('/').next()?.trim_end_matches(".zip").to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{FunctionChange, changes};

    #[test]
    fn only_functions_with_changed_code_are_listed() {
        let function = |hash: &str| {
            let code = json!({ "S3Key": format!("service/api/{hash}.zip") });
            json!({ "Type": "AWS::Lambda::Function", "Properties": { "Code": code } })
        };
        let old =
            json!({ "Resources": { "A": function("1"), "B": function("2"), "Q": { "Type": "Queue" } } });
        let new = json!({ "Resources": { "A": function("1"), "B": function("3"), "C": function("4") } });
        let change = |name: &str, old: Option<&str>, new: Option<&str>| FunctionChange {
            name: name.to_owned(),
            old: old.map(str::to_owned),
            new: new.map(str::to_owned),
        };
        let expected = [change("B", Some("2"), Some("3")), change("C", None, Some("4"))];
        assert_eq!(changes(Some(&old), &new), expected);
    }
}
