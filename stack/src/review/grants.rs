//! What policies allow and deny.
//!
//! Statements are split into single grants: an action on a resource for a principal under a condition. A statement that is
//! only split, merged or reordered is therefore no change, and one with an additional action shows only that action.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::Serialize;
use serde_json::Value;

use crate::cloudformation::resource_type;

/// Something that is newly allowed or denied, or no longer.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct GrantChange {
    /// Whether more is allowed than before: a new permission, or a removed denial.
    pub widens: bool,
    /// The resource that has the policy, by logical id.
    pub holder: String,
    /// The statement.
    pub statement: String,
    /// What is allowed or denied.
    pub what: String,
}

impl fmt::Display for GrantChange {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.widens { "+" } else { "-" };
        write!(formatter, "{sign} {}, {}: {}", self.holder, self.statement, self.what)
    }
}

/// What a policy says about one action on one resource.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Grant {
    holder: String,
    is_denial: bool,
    what: String,
}

/// Returns the differences between what two templates allow, those that widen first.
pub(super) fn grant_changes(old: &Value, new: &Value) -> Vec<GrantChange> {
    let (old, new) = (grants(old), grants(new));
    let only_in = |these: &BTreeMap<Grant, String>, others: &BTreeMap<Grant, String>, is_new: bool| {
        let missing = these.iter().filter(|(grant, _)| !others.contains_key(*grant));
        let change = |(grant, statement): (&Grant, &String)| GrantChange {
            widens: is_new != grant.is_denial,
            holder: grant.holder.clone(),
            statement: statement.clone(),
            what: format!("{} {}", if grant.is_denial { "denies" } else { "allows" }, grant.what),
        };
        missing.map(change).collect::<Vec<_>>()
    };
    let mut changes = only_in(&new, &old, true);
    changes.extend(only_in(&old, &new, false));
    changes.sort_by(|one, other| (!one.widens, one).cmp(&(!other.widens, other)));
    changes
}

/// Returns everything that the policies of a template allow or deny, each with its statement.
fn grants(template: &Value) -> BTreeMap<Grant, String> {
    let mut grants = BTreeMap::new();
    for (id, resource) in template["Resources"].as_object().into_iter().flatten() {
        for (policy, document) in policies(resource) {
            for (index, statement) in list(&document["Statement"]).into_iter().enumerate() {
                let name =
                    statement["Sid"].as_str().map_or_else(|| format!("{policy}[{index}]"), str::to_owned);
                for grant in atoms(id, statement) {
                    grants.entry(grant).or_insert_with(|| name.clone());
                }
            }
        }
    }
    grants
}

/// Returns the policies of a resource; of a type that is not known here, its policy document.
fn policies(resource: &Value) -> Vec<(String, Value)> {
    let properties = &resource["Properties"];
    match resource_type(resource["Type"].as_str().unwrap_or_default()) {
        Some(resource_type) => (resource_type.grants)(properties),
        None => vec![("Policy".to_owned(), properties["PolicyDocument"].clone())],
    }
}

fn atoms(holder: &str, statement: &Value) -> BTreeSet<Grant> {
    let principal = match (&statement["Principal"], &statement["NotPrincipal"]) {
        (Value::Null, Value::Null) => String::new(),
        (Value::Null, excepted) => format!(" for everyone except {excepted}"),
        (principal, _) => format!(" for {principal}"),
    };
    let condition = match &statement["Condition"] {
        Value::Null => String::new(),
        condition => format!(" if {condition}"),
    };
    let mut resources = items_of(statement, "Resource", "NotResource");
    if resources.is_empty() {
        resources.push(String::new());
    }
    let mut atoms = BTreeSet::new();
    for action in items_of(statement, "Action", "NotAction") {
        for resource in &resources {
            let on = if resource.is_empty() { String::new() } else { format!(" on {resource}") };
            atoms.insert(Grant {
                holder: holder.to_owned(),
                is_denial: statement["Effect"] == "Deny",
                what: format!("{action}{on}{principal}{condition}"),
            });
        }
    }
    atoms
}

/// Returns the actions or resources of a statement. An exception cannot be split: it is one item with its whole list.
fn items_of(statement: &Value, name: &str, exception: &str) -> Vec<String> {
    let mut items: Vec<String> = list(&statement[name]).into_iter().map(to_text).collect();
    let excepted: Vec<String> = list(&statement[exception]).into_iter().map(to_text).collect();
    if !excepted.is_empty() {
        items.push(format!("everything except {}", excepted.join(", ")));
    }
    items
}

/// Returns the items of a list; IAM accepts a single item instead of one.
fn list(value: &Value) -> Vec<&Value> {
    match value {
        Value::Null => Vec::new(),
        Value::Array(items) => items.iter().collect(),
        one => vec![one],
    }
}

/// Returns a text as it is, an intrinsic function as its JSON.
fn to_text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
