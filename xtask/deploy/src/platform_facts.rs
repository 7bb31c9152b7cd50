//! Reads the platform parameters that a template refers to from the Parameter Store.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, bail};
use aws_sdk_ssm::Client;
use aws_sdk_ssm::types::{Parameter, ParameterType};
use serde::Serialize;
use stack::{Environment, Facts, PlatformFact, platform_facts};

use crate::connection::Connection;
use crate::deployed_stack::DeployedStack;

/// The maximum number of names in one request:
/// <https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParameters.html>.
const BATCH: usize = 10;

/// Reads the values that CloudFormation will resolve.
///
/// A parameter that is missing, has the wrong type, or has a value that is invalid for its setting (`*` is not a
/// bucket name) is reported by its path. A change set would report it less clearly, or accept it.
pub async fn read(
    environment: &Environment,
    connection: &Connection,
    template: &serde_json::Value,
) -> Result<Facts> {
    read_all(environment, connection, &platform_facts(template)).await
}

/// Reads these platform parameters.
///
/// Returns the values by the names of the template's parameters.
pub async fn read_all(
    environment: &Environment,
    connection: &Connection,
    facts: &[PlatformFact],
) -> Result<Facts> {
    let client = Client::new(&connection.configuration);
    let batches = batches(facts).into_iter();
    let calls = batches.map(|names| client.get_parameters().set_names(Some(names)).send());
    let mut found: BTreeMap<String, Parameter> = BTreeMap::new();
    for answer in futures_util::future::join_all(calls).await {
        let answer = answer.context("cannot read the platform parameters in the Parameter Store")?;
        let named = answer.parameters.unwrap_or_default().into_iter();
        found.extend(named.filter_map(|parameter| Some((parameter.name.clone()?, parameter))));
    }
    let problems: Vec<String> = facts
        .iter()
        .filter_map(|fact| Some(format!("  {} {}", fact.path, problem(fact, found.get(&fact.path))?)))
        .collect();
    if !problems.is_empty() {
        bail!(
            "the Parameter Store of account {} in {} lacks platform parameters of environment \
             {}:\n{}\nCorrect them there, or name another path in stack/environments/{2}.toml",
            connection.account,
            environment.region,
            environment.name,
            problems.join("\n")
        );
    }
    let value = |fact: &PlatformFact| Some((fact.id.clone(), found.get(&fact.path)?.value.clone()?));
    Ok(facts.iter().filter_map(value).collect())
}

/// Returns the paths of platform parameters, grouped into requests.
///
/// A path that two of them share occurs once, because a request rejects repeated names.
fn batches(facts: &[PlatformFact]) -> Vec<Vec<String>> {
    let paths: BTreeSet<&str> = facts.iter().map(|fact| fact.path.as_str()).collect();
    let paths: Vec<String> = paths.into_iter().map(str::to_owned).collect();
    paths.chunks(BATCH).map(<[String]>::to_vec).collect()
}

/// A platform parameter that changed since the last deployment.
#[derive(Serialize)]
pub struct FactChange {
    /// The name of the template's parameter.
    pub name: String,
    /// The path in the Parameter Store.
    pub path: String,
    /// The value at the last deployment.
    pub old: String,
    /// The current value.
    pub new: String,
}

/// Returns the platform parameters that changed since the last deployment.
///
/// New ones are not included.
pub fn changes(
    deployed: &DeployedStack,
    template: &serde_json::Value,
    facts: &BTreeMap<String, String>,
) -> Vec<FactChange> {
    let changes = platform_facts(template).into_iter().filter_map(|fact| {
        let old = deployed.facts.get(&fact.id)?;
        let new = facts.get(&fact.id)?;
        let differs = if fact.is_list { !items(old).eq(items(new)) } else { old != new };
        let change = FactChange { name: fact.id, path: fact.path, old: old.clone(), new: new.clone() };
        differs.then_some(change)
    });
    changes.collect()
}

/// Returns the items of a list.
///
/// The Parameter Store keeps spaces between them, and CloudFormation removes them.
fn items(list: &str) -> impl Iterator<Item = &str> {
    list.split(',').map(str::trim)
}

/// Returns what is wrong with a platform parameter, if anything.
fn problem(fact: &PlatformFact, parameter: Option<&Parameter>) -> Option<String> {
    let wanted = if fact.is_list { ParameterType::StringList } else { ParameterType::String };
    match parameter.and_then(|parameter| parameter.r#type.as_ref()) {
        None => Some(format!("({wanted}) is missing: {}", fact.description)),
        Some(found) if *found != wanted => Some(format!("is a {found}, but must be a {wanted}")),
        Some(_) => {
            let value = parameter.and_then(|parameter| parameter.value.as_deref()).unwrap_or_default();
            fact.check(value).err().map(|error| format!("has a wrong value: {error}"))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use aws_sdk_ssm::types::{Parameter, ParameterType};
    use serde_json::json;
    use stack::{FactKind, PlatformFact};

    use super::{batches, changes, problem};
    use crate::deployed_stack::DeployedStack;

    /// CloudFormation stores `a,b` for `a, b` in the Parameter Store.
    #[test]
    fn lists_are_compared_item_by_item_and_texts_as_they_are() {
        let parameter = |kind: &str| json!({ "Type": kind, "Default": "/path", "Description": "Of a test." });
        let template = json!({ "Parameters": {
            "List": parameter("AWS::SSM::Parameter::Value<List<AWS::EC2::Subnet::Id>>"),
            "Text": parameter("AWS::SSM::Parameter::Value<String>"),
        }});
        let facts = |list: &str, text: &str| {
            BTreeMap::from([("List".to_owned(), list.to_owned()), ("Text".to_owned(), text.to_owned())])
        };
        let changed = |list, text| {
            let deployed = DeployedStack::with_facts(facts("subnet-1,subnet-2", "a,b"));
            let changes = changes(&deployed, &template, &facts(list, text));
            changes.into_iter().map(|change| change.name).collect::<Vec<_>>()
        };
        assert_eq!(changed(" subnet-1, subnet-2 ", "a,b"), [""; 0]);
        assert_eq!(changed("subnet-1,subnet-3", "a,b"), ["List"]);
        assert_eq!(changed("subnet-2,subnet-1", "a,b"), ["List"]);
        assert_eq!(changed("subnet-1,subnet-2", "a, b"), ["Text"]);
    }

    #[test]
    fn path_that_two_facts_share_is_read_once() {
        let fact = |path: usize| PlatformFact {
            id: format!("Fact{path}"),
            path: format!("/dev/{path:02}"),
            description: String::new(),
            is_list: false,
            kind: FactKind::Text,
        };
        let facts: Vec<PlatformFact> = (0..12).chain([3, 11]).map(fact).collect();
        let batches = batches(&facts);
        assert_eq!(batches.iter().map(Vec::len).collect::<Vec<_>>(), [10, 2]);
        assert_eq!(batches.concat(), (0..12).map(|path| fact(path).path).collect::<Vec<_>>());
    }

    #[test]
    fn a_fact_must_be_there_and_of_its_type() {
        let fact = |is_list| PlatformFact {
            id: "SubnetIds".to_owned(),
            path: "/dev/subnets".to_owned(),
            description: "Ids of the subnets.".to_owned(),
            is_list,
            kind: FactKind::SubnetId,
        };
        let parameter = |kind| Parameter::builder().r#type(kind).value("subnet-1,subnet-2").build();
        assert_eq!(problem(&fact(true), Some(&parameter(ParameterType::StringList))), None);
        assert_eq!(
            problem(&fact(true), Some(&parameter(ParameterType::String))).unwrap(),
            "is a String, but must be a StringList"
        );
        assert_eq!(problem(&fact(false), None).unwrap(), "(String) is missing: Ids of the subnets.");
    }

    #[test]
    fn a_fact_must_be_what_its_setting_takes() {
        let told = |kind, is_list, value: &str| {
            let fact = PlatformFact {
                id: "Fact".to_owned(),
                path: "/dev/fact".to_owned(),
                description: "A fact.".to_owned(),
                is_list,
                kind,
            };
            let held = if is_list { ParameterType::StringList } else { ParameterType::String };
            problem(&fact, Some(&Parameter::builder().r#type(held).value(value).build()))
        };
        for (kind, good, bad) in [
            (FactKind::BucketName, "pennsieve-dev-storage", "*"),
            (FactKind::RoleArn, "arn:aws:iam::123456789012:role/a", "arn:aws:iam::123456789012:role/*"),
            (
                FactKind::QueueArn,
                "arn:aws:sqs:us-east-1:123456789012:a",
                "arn:aws:sqs:us-east-1:123456789012:*",
            ),
            (
                FactKind::KeyArn,
                "arn:aws:kms:us-east-1:123456789012:key/a",
                "arn:aws:kms:us-east-1:123456789012:alias/a",
            ),
            (FactKind::ProxyId, "prx-0123", "*"),
            (FactKind::TableName, "process-jobs", "*"),
            (FactKind::Url, "https://sqs.us-east-1.amazonaws.com/1/a", "a"),
        ] {
            assert_eq!(told(kind, false, good), None);
            assert!(told(kind, false, bad).unwrap().starts_with("has a wrong value: `"), "{bad}");
        }
        assert_eq!(told(FactKind::SubnetId, true, "subnet-1, subnet-2"), None);
        for list in ["subnet-1,", "subnet-1,sg-2", "*"] {
            assert!(told(FactKind::SubnetId, true, list).is_some(), "{list}");
        }
    }
}
