//! The facts of the platform that a template refers to, as the Parameter Store has them now.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail};
use aws_sdk_ssm::Client;
use aws_sdk_ssm::types::{Parameter, ParameterType};
use serde::Serialize;
use stack::{Environment, PlatformFact, platform_facts};

use crate::aws::Connection;
use crate::deployed_stack::DeployedStack;

/// As many as one call takes: <https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParameters.html>.
const BATCH: usize = 10;

/// Read what CloudFormation will look up. What is missing, or of the wrong type, is told here by its path, before a
/// change set fails over it.
pub(crate) async fn read(
    environment: &Environment,
    connection: &Connection,
    template: &serde_json::Value,
) -> Result<BTreeMap<String, String>> {
    let facts = platform_facts(template);
    let client = Client::new(&connection.configuration);
    let paths: Vec<String> = facts.iter().map(|fact| fact.path.clone()).collect();
    let calls =
        paths.chunks(BATCH).map(|paths| client.get_parameters().set_names(Some(paths.to_vec())).send());
    let mut found: BTreeMap<String, Parameter> = BTreeMap::new();
    for answer in futures_util::future::join_all(calls).await {
        let answer = answer.context("cannot read the facts of the platform in the Parameter Store")?;
        let named = answer.parameters.unwrap_or_default().into_iter();
        found.extend(named.filter_map(|parameter| Some((parameter.name.clone()?, parameter))));
    }
    let problems: Vec<String> = facts
        .iter()
        .filter_map(|fact| Some(format!("  {} {}", fact.path, problem(fact, found.get(&fact.path))?)))
        .collect();
    if !problems.is_empty() {
        bail!(
            "the Parameter Store of account {} in {} lacks what environment {} refers to:\n{}\n\
             Create it, or name another path in stack/environments/{2}.toml",
            connection.account,
            environment.region,
            environment.name,
            problems.join("\n")
        );
    }
    let value = |fact: &PlatformFact| Some((fact.id.clone(), found.get(&fact.path)?.value.clone()?));
    Ok(facts.iter().filter_map(value).collect())
}

/// A fact that has changed since the last deployment.
#[derive(Serialize)]
pub(crate) struct FactChange {
    /// The template's parameter.
    pub(crate) name: String,
    pub(crate) path: String,
    pub(crate) old: String,
    pub(crate) new: String,
}

/// The facts that differ from those of the last deployment, of parameters that were there then.
pub(crate) fn changes(
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

/// The items of a list: the Parameter Store keeps spaces between them, which CloudFormation leaves out.
fn items(list: &str) -> impl Iterator<Item = &str> {
    list.split(',').map(str::trim)
}

/// What is wrong with the parameter of a fact.
fn problem(fact: &PlatformFact, parameter: Option<&Parameter>) -> Option<String> {
    let wanted = if fact.is_list { ParameterType::StringList } else { ParameterType::String };
    match parameter.and_then(|parameter| parameter.r#type.as_ref()) {
        None => Some(format!("({wanted}) is missing: {}", fact.description)),
        Some(found) if *found != wanted => Some(format!("is a {found} where a {wanted} is needed")),
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use aws_sdk_ssm::types::{Parameter, ParameterType};
    use serde_json::json;
    use stack::PlatformFact;

    use super::{changes, problem};
    use crate::deployed_stack::DeployedStack;

    /// CloudFormation keeps `a,b` of what the Parameter Store has as `a, b`.
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
    fn a_fact_must_be_there_and_of_its_type() {
        let fact = |is_list| PlatformFact {
            id: "SubnetIds".to_owned(),
            path: "/dev/subnets".to_owned(),
            description: "Ids of the subnets.".to_owned(),
            is_list,
        };
        let parameter = |kind| Parameter::builder().r#type(kind).build();
        assert_eq!(problem(&fact(true), Some(&parameter(ParameterType::StringList))), None);
        assert_eq!(
            problem(&fact(true), Some(&parameter(ParameterType::String))).unwrap(),
            "is a String where a StringList is needed"
        );
        assert_eq!(problem(&fact(false), None).unwrap(), "(String) is missing: Ids of the subnets.");
    }
}
