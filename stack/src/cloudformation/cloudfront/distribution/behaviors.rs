//! Whom a distribution serves: its domains, and per behavior the key groups, methods and protocols.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::cloudformation::consequence::{Consequences, texts};

/// Compares two configurations of a distribution.
pub(super) fn compare(consequences: &mut Consequences, old: &Value, new: &Value) {
    let was_enabled = old["Enabled"] == true;
    if was_enabled && new["Enabled"] != true {
        consequences.closes("the distribution is disabled");
    }
    let aliases = texts(&new["Aliases"]);
    for alias in texts(&old["Aliases"]).iter().filter(|alias| !aliases.contains(alias)) {
        consequences.closes(format!("the distribution loses its domain {alias}"));
    }
    if new["Enabled"] != true {
        return;
    }
    let old_behaviors = if was_enabled { behaviors(old) } else { BTreeMap::new() };
    let new_behaviors = behaviors(new);
    for (pattern, new) in &new_behaviors {
        match old_behaviors.get(pattern) {
            Some(old) => compare_behaviors(consequences, pattern, old, new),
            None if key_groups(new).is_empty() => {
                consequences.opens(format!("{pattern} is served to everyone: it trusts no key group"));
            }
            None => {}
        }
    }
    for pattern in old_behaviors.keys().filter(|pattern| !new_behaviors.contains_key(*pattern)) {
        consequences.closes(format!("the behavior of {pattern} is removed: others apply to it"));
    }
}

/// Compares two states of a behavior.
fn compare_behaviors(consequences: &mut Consequences, pattern: &str, old: &Value, new: &Value) {
    let (old_groups, new_groups) = (key_groups(old), key_groups(new));
    match (old_groups.is_empty(), new_groups.is_empty()) {
        (false, true) => {
            consequences.opens(format!("{pattern} is served to everyone: it trusts no key group"));
        }
        (true, false) => consequences.closes(format!("{pattern} is served for signed URLs only")),
        (true, true) => {}
        (false, false) => {
            for group in new_groups.iter().filter(|group| !old_groups.contains(group)) {
                consequences.opens(format!("{pattern} trusts the key group {group}"));
            }
        }
    }
    let methods = |behavior: &Value| texts(&behavior["AllowedMethods"]);
    consequences.list(&format!("methods of {pattern}"), &methods(old), &methods(new));
    let is_https_only = |behavior: &Value| behavior["ViewerProtocolPolicy"] == "https-only";
    if is_https_only(old) && !is_https_only(new) {
        consequences.opens(format!("{pattern} is no longer served by HTTPS only"));
    }
}

fn key_groups(behavior: &Value) -> Vec<String> {
    texts(&behavior["TrustedKeyGroups"])
}

/// Returns the behaviors of a distribution by path pattern.
fn behaviors(config: &Value) -> BTreeMap<String, &Value> {
    let others = config["CacheBehaviors"].as_array().into_iter().flatten();
    let pattern = |behavior: &Value| behavior["PathPattern"].as_str().unwrap_or("everything else").to_owned();
    others.chain([&config["DefaultCacheBehavior"]]).map(|behavior| (pattern(behavior), behavior)).collect()
}
