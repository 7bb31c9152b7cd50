//! What policies let somebody do.
//!
//! Statements are taken apart into single grants, an action on a resource for a principal under a condition, so that a
//! statement which is only split, merged or reordered is no change, and one that grew by an action shows just that.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::Serialize;
use serde_json::{Value, json};

/// Something that is granted, or no longer.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct GrantChange {
    /// Whether more is allowed than before: a permission that is new, or a refusal that is gone.
    pub widens: bool,
    /// The resource whose policy it is, by logical id.
    pub holder: String,
    /// The statement that says it.
    pub statement: String,
    /// What is said.
    pub what: String,
}

impl fmt::Display for GrantChange {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.widens { "+" } else { "-" };
        write!(formatter, "{sign} {}, {}: {}", self.holder, self.statement, self.what)
    }
}

/// One thing that a policy says of one action on one resource.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Grant {
    holder: String,
    is_refusal: bool,
    what: String,
}

/// The differences between what two templates grant: what widens first.
pub(super) fn grant_changes(old: &Value, new: &Value) -> Vec<GrantChange> {
    let (old, new) = (grants(old), grants(new));
    let only_in = |these: &BTreeMap<Grant, String>, others: &BTreeMap<Grant, String>, is_new: bool| {
        let missing = these.iter().filter(|(grant, _)| !others.contains_key(*grant));
        let change = |(grant, statement): (&Grant, &String)| GrantChange {
            widens: is_new != grant.is_refusal,
            holder: grant.holder.clone(),
            statement: statement.clone(),
            what: format!("{} {}", if grant.is_refusal { "denies" } else { "allows" }, grant.what),
        };
        missing.map(change).collect::<Vec<_>>()
    };
    let mut changes = only_in(&new, &old, true);
    changes.extend(only_in(&old, &new, false));
    changes.sort_by(|one, other| (!one.widens, one).cmp(&(!other.widens, other)));
    changes
}

/// All grants of a template, each with the statement that it is in.
fn grants(template: &Value) -> BTreeMap<Grant, String> {
    let mut grants = BTreeMap::new();
    let resources = template["Resources"].as_object();
    for (id, resource) in resources.into_iter().flatten() {
        let properties = &resource["Properties"];
        let mut add = |policy: &str, document: &Value| {
            for (index, statement) in list(&document["Statement"]).into_iter().enumerate() {
                let name =
                    statement["Sid"].as_str().map_or_else(|| format!("{policy}[{index}]"), str::to_owned);
                for grant in atoms(id, statement) {
                    grants.entry(grant).or_insert_with(|| name.clone());
                }
            }
        };
        match resource["Type"].as_str() {
            Some("AWS::IAM::Role") => {
                add("Trust", &properties["AssumeRolePolicyDocument"]);
                for policy in list(&properties["Policies"]) {
                    add(policy["PolicyName"].as_str().unwrap_or("Policy"), &policy["PolicyDocument"]);
                }
                for managed in list(&properties["ManagedPolicyArns"]) {
                    let document = json!({ "Statement": [
                        { "Effect": "Allow", "Action": "all that the policy allows", "Resource": managed },
                    ] });
                    add("ManagedPolicyArns", &document);
                }
            }
            Some("AWS::S3::BucketPolicy" | "AWS::SQS::QueuePolicy") => {
                add("Policy", &properties["PolicyDocument"]);
            }
            Some("AWS::Lambda::Permission") => {
                let document = json!({ "Statement": [{
                    "Effect": "Allow",
                    "Principal": properties["Principal"],
                    "Action": properties["Action"],
                    "Resource": properties["FunctionName"],
                    "Condition": properties["SourceArn"],
                }] });
                add("Permission", &document);
            }
            _ => {}
        }
    }
    grants
}

fn atoms(holder: &str, statement: &Value) -> BTreeSet<Grant> {
    let principal = match &statement["Principal"] {
        Value::Null => String::new(),
        principal => format!(" for {principal}"),
    };
    let condition = match &statement["Condition"] {
        Value::Null => String::new(),
        condition => format!(" if {condition}"),
    };
    let mut resources = list(&statement["Resource"]);
    if resources.is_empty() {
        resources.push(&Value::Null);
    }
    let mut atoms = BTreeSet::new();
    for action in list(&statement["Action"]) {
        for resource in &resources {
            let on = if resource.is_null() { String::new() } else { format!(" on {}", shown(resource)) };
            atoms.insert(Grant {
                holder: holder.to_owned(),
                is_refusal: statement["Effect"] == "Deny",
                what: format!("{}{on}{principal}{condition}", shown(action)),
            });
        }
    }
    atoms
}

/// IAM takes one where it takes a list.
fn list(value: &Value) -> Vec<&Value> {
    match value {
        Value::Null => Vec::new(),
        Value::Array(items) => items.iter().collect(),
        one => vec![one],
    }
}

/// Text as it is; what CloudFormation puts together as the JSON that says so.
fn shown(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
