//! What new values of single properties mean for data and for access.

mod gateway;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::finding::{Findings, texts};
use crate::infrastructure::{AUTHORIZER_VARIABLES, PROXIED_BUCKETS};

pub(super) use self::gateway::api_document;

/// What SQS keeps messages for without the property: four days.
const DEFAULT_MESSAGE_RETENTION: u64 = 345_600;

pub(super) fn log_retention(findings: &mut Findings<'_>, old: &Value, new: &Value) {
    // Without the property, logs are kept for ever.
    if let Some(days) = new.as_u64().filter(|days| old.as_u64().is_none_or(|old| *days < old)) {
        findings.loses_data(format!("logs are deleted after {days} days, was {}", number(old)));
    }
}

pub(super) fn message_retention(findings: &mut Findings<'_>, old: &Value, new: &Value) {
    let seconds = |value: &Value| value.as_u64().unwrap_or(DEFAULT_MESSAGE_RETENTION);
    if seconds(new) < seconds(old) {
        findings.loses_data(format!("messages are deleted after {} s, was {} s", seconds(new), seconds(old)));
    }
}

pub(super) fn dead_letters(findings: &mut Findings<'_>, old: &Value, new: &Value) {
    if !old.is_null() && new.is_null() {
        findings.loses_data("messages that fail are no longer kept as dead letters");
    }
}

/// Without it Lambda deletes a whole batch of which a message failed.
pub(super) fn partial_failures(findings: &mut Findings<'_>, old: &Value, new: &Value) {
    let reports = |value: &Value| texts(value).iter().any(|text| text == "ReportBatchItemFailures");
    if reports(old) && !reports(new) {
        findings.loses_data("messages that the function reports as failed are deleted");
    }
}

pub(super) fn versioning(findings: &mut Findings<'_>, old: &Value, new: &Value) {
    if old["Status"] == "Enabled" && new["Status"] != "Enabled" {
        findings.loses_data("objects that are overwritten or deleted are no longer kept as versions");
    }
}

/// Rules that delete more, or sooner. What a rule leaves alone is not compared: a rule with another filter is another rule.
pub(super) fn deletions(findings: &mut Findings<'_>, old: &Value, new: &Value) {
    let (old, new) = (deletions_of(old), deletions_of(new));
    for ((scope, what), days) in &new {
        let before = old.get(&(scope.clone(), what.clone()));
        let is_later = match (before.map(Value::as_u64), days.as_u64()) {
            (Some(Some(before)), Some(days)) => days >= before,
            _ => before == Some(days),
        };
        if !is_later {
            let before = before.map_or("none".to_owned(), Value::to_string);
            findings.loses_data(format!("lifecycle: {what} is {days}, was {before}"));
        }
    }
}

/// Everything that enabled lifecycle rules delete: by the rule's scope and the kind of deletion, with its time.
fn deletions_of(configuration: &Value) -> BTreeMap<(String, String), Value> {
    const KEPT: [&str; 5] = ["Id", "Status", "Transition", "Transitions", "NoncurrentVersionTransitions"];
    const SCOPE: [&str; 5] =
        ["Prefix", "TagFilters", "ObjectSizeGreaterThan", "ObjectSizeLessThan", "Filter"];
    let mut found = BTreeMap::new();
    let rules = configuration["Rules"].as_array().into_iter().flatten().filter_map(Value::as_object);
    for rule in rules.filter(|rule| rule.get("Status").is_some_and(|status| status == "Enabled")) {
        let scope: Map<String, Value> =
            SCOPE.iter().filter_map(|&name| Some((name.to_owned(), rule.get(name)?.clone()))).collect();
        let scope = Value::Object(scope).to_string();
        for (name, value) in rule {
            if KEPT.contains(&name.as_str()) || SCOPE.contains(&name.as_str()) {
                continue;
            }
            match value.as_object() {
                Some(parts) => found.extend(
                    parts
                        .iter()
                        .map(|(part, value)| ((scope.clone(), format!("{name}.{part}")), value.clone())),
                ),
                None => {
                    found.insert((scope.clone(), name.clone()), value.clone());
                }
            }
        }
    }
    found
}

pub(super) fn object_ownership(findings: &mut Findings<'_>, old: &Value, new: &Value) {
    let enforced = |value: &Value| {
        value.pointer("/Rules/0/ObjectOwnership").is_some_and(|it| it == "BucketOwnerEnforced")
    };
    if enforced(old) && !enforced(new) {
        findings.opens("access control lists of objects count again");
    }
}

pub(super) fn public_access(findings: &mut Findings<'_>, old: &Value, new: &Value) {
    for (name, _) in old.as_object().into_iter().flatten().filter(|(_, blocked)| **blocked == true) {
        if new[name] != true {
            findings.opens(format!("public access is no longer blocked by {name}"));
        }
    }
}

pub(super) fn allowed_by_bucket(findings: &mut Findings<'_>, old: &Value, new: &Value) {
    for (name, shown) in [("AllowedOrigins", "CORS origins"), ("AllowedMethods", "CORS methods")] {
        let all = |value: &Value| -> Vec<String> {
            let rules = value["CorsRules"].as_array().into_iter().flatten();
            rules.flat_map(|rule| texts(&rule[name])).collect::<BTreeSet<_>>().into_iter().collect()
        };
        findings.list(shown, &all(old), &all(new));
    }
}

pub(super) fn cors_of_cdn(findings: &mut Findings<'_>, old: &Value, new: &Value) {
    let (old, new) = (&old["CorsConfig"], &new["CorsConfig"]);
    for (name, shown) in
        [("AccessControlAllowOrigins", "CORS origins"), ("AccessControlAllowMethods", "CORS methods")]
    {
        findings.list(shown, &texts(&old[name]["Items"]), &texts(&new[name]["Items"]));
    }
    let headers = |value: &Value| texts(&value["AccessControlAllowHeaders"]["Items"]);
    if !headers(new).iter().any(|header| header == "*") {
        for header in headers(old).iter().filter(|header| !headers(new).contains(header)) {
            findings.closes(format!("CORS headers lose {header}"));
        }
    }
    credentials(findings, &old["AccessControlAllowCredentials"], &new["AccessControlAllowCredentials"]);
}

/// Whether browsers may send credentials.
fn credentials(findings: &mut Findings<'_>, old: &Value, new: &Value) {
    match (old == true, new == true) {
        (false, true) => findings.opens("CORS admits credentials"),
        (true, false) => findings.closes("CORS no longer admits credentials"),
        _ => {}
    }
}

pub(super) fn boundary(findings: &mut Findings<'_>, old: &Value, new: &Value) {
    if !old.is_null() && old != new {
        findings.opens("the permissions boundary is removed or another one");
    }
}

pub(super) fn path_of_api(findings: &mut Findings<'_>, old: &Value, new: &Value) {
    if !old.is_null() && old != new {
        findings.closes(format!("the API is at {new}, was at {old}"));
    }
}

pub(super) fn variables(findings: &mut Findings<'_>, old: &Value, new: &Value) {
    let (old, new) = (&old["Variables"], &new["Variables"]);
    let buckets = |value: &Value| -> Vec<String> {
        let text = value["Fn::Sub"].as_str().or_else(|| value["Ref"].as_str()).or_else(|| value.as_str());
        let names = text.unwrap_or_default().split(',').map(|name| {
            // The bucket of the stack stands alone as a `Ref`, and before others as a placeholder.
            name.trim().trim_start_matches("${").trim_end_matches('}').to_owned()
        });
        names.filter(|name| !name.is_empty()).collect()
    };
    findings.list("proxied buckets", &buckets(&old[PROXIED_BUCKETS]), &buckets(&new[PROXIED_BUCKETS]));
    for name in AUTHORIZER_VARIABLES {
        if !old[name].is_null() && old[name] != new[name] {
            findings.opens(format!("tokens are judged by {name} = {}, was {}", new[name], old[name]));
        }
    }
}

/// The distribution: who is let in to its behaviors, by which methods and protocols.
pub(super) fn alias_or_behavior(findings: &mut Findings<'_>, old: &Value, new: &Value) {
    let was_served = old["Enabled"] == true;
    if was_served && new["Enabled"] != true {
        findings.closes("the distribution is disabled");
    }
    for alias in texts(&old["Aliases"]).iter().filter(|alias| !texts(&new["Aliases"]).contains(alias)) {
        findings.closes(format!("the distribution loses its domain {alias}"));
    }
    if new["Enabled"] != true {
        return;
    }
    let nothing = Value::Null;
    let old_behaviors = if was_served { behaviors(old) } else { BTreeMap::new() };
    for (pattern, new) in behaviors(new) {
        let old = old_behaviors.get(&pattern).copied().unwrap_or(&nothing);
        let (old_groups, groups) = (texts(&old["TrustedKeyGroups"]), texts(&new["TrustedKeyGroups"]));
        match (old.is_null() || !old_groups.is_empty(), groups.is_empty()) {
            (true, true) => {
                findings.opens(format!("{pattern} is served to everyone: it trusts no key group"));
            }
            (false, false) => findings.closes(format!("{pattern} is served for signed URLs only")),
            _ => {}
        }
        if old.is_null() {
            continue;
        }
        if !old_groups.is_empty() {
            for group in groups.iter().filter(|group| !old_groups.contains(group)) {
                findings.opens(format!("{pattern} trusts the key group {group}"));
            }
        }
        findings.list(
            &format!("methods of {pattern}"),
            &texts(&old["AllowedMethods"]),
            &texts(&new["AllowedMethods"]),
        );
        let https = |behavior: &Value| behavior["ViewerProtocolPolicy"] == "https-only";
        if https(old) && !https(new) {
            findings.opens(format!("{pattern} is no longer served by HTTPS only"));
        }
    }
    for pattern in old_behaviors.keys().filter(|pattern| !behaviors(new).contains_key(*pattern)) {
        findings.closes(format!("the behavior of {pattern} is gone: others apply to it"));
    }
}

/// The behaviors of a distribution by what they are for.
fn behaviors(config: &Value) -> BTreeMap<String, &Value> {
    let others = config["CacheBehaviors"].as_array().into_iter().flatten();
    let pattern = |behavior: &Value| behavior["PathPattern"].as_str().unwrap_or("everything else").to_owned();
    others.chain([&config["DefaultCacheBehavior"]]).map(|behavior| (pattern(behavior), behavior)).collect()
}

fn number(value: &Value) -> String {
    value.as_u64().map_or("for ever".to_owned(), |number| number.to_string())
}
