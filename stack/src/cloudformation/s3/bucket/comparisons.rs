//! What new values of a bucket's properties mean.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::cloudformation::consequence::{Consequences, texts};

pub(super) fn cors(consequences: &mut Consequences, old: &Value, new: &Value) {
    for (name, shown) in [("AllowedOrigins", "CORS origins"), ("AllowedMethods", "CORS methods")] {
        let all = |value: &Value| -> Vec<String> {
            let rules = value["CorsRules"].as_array().into_iter().flatten();
            rules.flat_map(|rule| texts(&rule[name])).collect::<BTreeSet<_>>().into_iter().collect()
        };
        consequences.list(shown, &all(old), &all(new));
    }
}

pub(super) fn object_ownership(consequences: &mut Consequences, old: &Value, new: &Value) {
    let is_enforced = |value: &Value| {
        value.pointer("/Rules/0/ObjectOwnership").is_some_and(|it| it == "BucketOwnerEnforced")
    };
    if is_enforced(old) && !is_enforced(new) {
        consequences.opens("access control lists of objects take effect again");
    }
}

pub(super) fn public_access(consequences: &mut Consequences, old: &Value, new: &Value) {
    for (name, _) in old.as_object().into_iter().flatten().filter(|(_, blocked)| **blocked == true) {
        if new[name] != true {
            consequences.opens(format!("public access is no longer blocked by {name}"));
        }
    }
}

pub(super) fn versioning(consequences: &mut Consequences, old: &Value, new: &Value) {
    if old["Status"] == "Enabled" && new["Status"] != "Enabled" {
        consequences.loses_data("overwritten and deleted objects are no longer kept as versions");
    }
}
