//! The environment variables of the functions: which buckets are proxied, and which tokens are accepted.

use serde_json::Value;

use crate::cloudformation::Consequences;
use crate::infrastructure::{AUTHORIZER_VARIABLES, PROXIED_BUCKETS};

pub(super) fn compare(consequences: &mut Consequences, old: &Value, new: &Value) {
    consequences.list("proxied buckets", &buckets(&old[PROXIED_BUCKETS]), &buckets(&new[PROXIED_BUCKETS]));
    for name in AUTHORIZER_VARIABLES {
        if !old[name].is_null() && old[name] != new[name] {
            consequences.opens(format!("tokens are verified with {name} = {}, was {}", new[name], old[name]));
        }
    }
}

/// Returns the names in a list; the bucket of the stack is a `Ref` where it stands alone, and a placeholder otherwise.
fn buckets(value: &Value) -> Vec<String> {
    let text = value["Fn::Sub"].as_str().or_else(|| value["Ref"].as_str()).or_else(|| value.as_str());
    let names = text.unwrap_or_default().split(',');
    let names = names.map(|name| name.trim().trim_start_matches("${").trim_end_matches('}').to_owned());
    names.filter(|name| !name.is_empty()).collect()
}
