//! Reads the platform parameters that a template refers to from the Parameter Store.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, bail};
use aws_sdk_ssm::types::{Parameter, ParameterType};
use serde::Serialize;
use stack::{DeployedTemplate, Environment, PlatformParameter, PlatformParameterValues, platform_parameters};

use crate::advice::command_for;
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
) -> Result<PlatformParameterValues> {
    read_all(environment, connection, &platform_parameters(template)).await
}

/// Reads these platform parameters.
///
/// Returns the values by the names of the template's parameters.
pub async fn read_all(
    environment: &Environment,
    connection: &Connection,
    parameters: &[PlatformParameter],
) -> Result<PlatformParameterValues> {
    let (values, problems) = look_up(environment, connection, parameters).await?;
    if !problems.is_empty() {
        bail!(
            "the Parameter Store of account {} in {} lacks platform parameters of environment \
             {}:\n{}\nCorrect them there, or name another path in stack/environments/{2}.toml",
            connection.account,
            environment.region,
            environment.name,
            problems.iter().map(|problem| format!("  {problem}")).collect::<Vec<_>>().join("\n")
        );
    }
    Ok(values)
}

/// Reads these platform parameters, and returns their values and what is wrong with the others.
///
/// A problem begins with the path of a parameter, and ends with the commands that correct it.
pub(crate) async fn look_up(
    environment: &Environment,
    connection: &Connection,
    parameters: &[PlatformParameter],
) -> Result<(PlatformParameterValues, Vec<String>)> {
    let client = connection.ssm();
    let batches = batches(parameters).into_iter();
    let calls = batches.map(|names| client.get_parameters().set_names(Some(names)).send());
    let mut found: BTreeMap<String, Parameter> = BTreeMap::new();
    for response in futures_util::future::join_all(calls).await {
        let response = response.context("cannot read the platform parameters in the Parameter Store")?;
        let named = response.parameters.unwrap_or_default().into_iter();
        found.extend(named.filter_map(|parameter| Some((parameter.name.clone()?, parameter))));
    }
    let problem = |parameter: &PlatformParameter| {
        let stored = found.get(&parameter.path);
        let problem = problem(parameter, stored)?;
        let remedy = remedy(parameter, stored, environment);
        Some(format!("{} {problem}\n{remedy}", parameter.path))
    };
    let value = |parameter: &PlatformParameter| {
        Some((parameter.id.clone(), found.get(&parameter.path)?.value.clone()?))
    };
    let values = parameters.iter().filter_map(value).collect();
    Ok((values, parameters.iter().filter_map(problem).collect()))
}

/// Returns the paths of platform parameters, grouped into requests.
///
/// A path that two of them share occurs once, because a request rejects repeated names.
fn batches(parameters: &[PlatformParameter]) -> Vec<Vec<String>> {
    let paths: BTreeSet<&str> = parameters.iter().map(|parameter| parameter.path.as_str()).collect();
    let paths: Vec<String> = paths.into_iter().map(str::to_owned).collect();
    paths.chunks(BATCH).map(<[String]>::to_vec).collect()
}

/// A platform parameter that changed since the last deployment.
#[derive(Serialize)]
pub struct PlatformParameterChange {
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
    current: &PlatformParameterValues,
) -> Vec<PlatformParameterChange> {
    let changes = platform_parameters(template).into_iter().filter_map(|parameter| {
        let old = deployed.parameters.get(&parameter.id)?;
        let new = current.get(&parameter.id)?;
        let differs = parameter.differs(old, new);
        let PlatformParameter { id: name, path, .. } = parameter;
        let change = PlatformParameterChange { name, path, old: old.clone(), new: new.clone() };
        differs.then_some(change)
    });
    changes.collect()
}

/// Returns the commands of the AWS CLI that correct a platform parameter.
///
/// The type of a parameter cannot be changed:
/// <https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html>.
fn remedy(parameter: &PlatformParameter, stored: Option<&Parameter>, environment: &Environment) -> String {
    let command = |action: &str, rest: &str| {
        format!("    aws ssm {action} --region {} --name {}{rest}", environment.region, parameter.path)
    };
    let required = required_type(parameter);
    let value = if parameter.is_list { "VALUE,VALUE" } else { "VALUE" };
    let put = |overwrite| command("put-parameter", &format!(" --type {required} --value {value}{overwrite}"));
    match stored.and_then(|stored| stored.r#type.as_ref()) {
        None => put(""),
        Some(found) if *found == required => put(" --overwrite"),
        Some(_) => format!("{}\n{}", command("delete-parameter", ""), put("")),
    }
}

fn required_type(parameter: &PlatformParameter) -> ParameterType {
    if parameter.is_list { ParameterType::StringList } else { ParameterType::String }
}

/// Reads which platform parameters changed since the last deployment.
///
/// CloudFormation resolves them again for each change set, so they change with whatever else it changes.
pub(crate) async fn current_changes(
    environment: &Environment,
    connection: &Connection,
    stack: &DeployedStack,
    template: &DeployedTemplate,
) -> Result<Vec<PlatformParameterChange>> {
    let values = read(environment, connection, template.as_value()).await?;
    Ok(changes(stack, template.as_value(), &values))
}

/// Rejects changes that were not reviewed, and that would be made with `what`.
pub(crate) fn reject_unreviewed(
    environment: &Environment,
    changes: &[PlatformParameterChange],
    what: &str,
) -> Result<()> {
    if changes.is_empty() {
        return Ok(());
    }
    let names: Vec<&str> = changes.iter().map(|change| change.name.as_str()).collect();
    bail!(
        "platform parameters have changed since the last deployment ({}) and would change with {what}; \
         review and deploy them first with {}",
        names.join(", "),
        command_for(&environment.name, "deploy")
    )
}

/// Returns what is wrong with a platform parameter, if anything.
fn problem(parameter: &PlatformParameter, stored: Option<&Parameter>) -> Option<String> {
    let required = required_type(parameter);
    match stored.and_then(|stored| stored.r#type.as_ref()) {
        None => Some(format!("({required}) is missing: {}", parameter.description)),
        Some(found) if *found != required => Some(format!("is a {found}, but must be a {required}")),
        Some(_) => {
            let value = stored.and_then(|stored| stored.value.as_deref()).unwrap_or_default();
            parameter.check(value).err().map(|error| format!("has a wrong value: {error}"))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use aws_sdk_ssm::types::{Parameter, ParameterType};
    use serde_json::json;
    use stack::{PlatformParameter, PlatformParameterKind};

    use super::{batches, changes, problem};
    use crate::deployed_stack::DeployedStack;

    /// CloudFormation stores `a,b` for `a, b` in the Parameter Store.
    #[test]
    fn lists_are_compared_by_item_and_texts_as_a_whole() {
        let parameter = |kind: &str| json!({ "Type": kind, "Default": "/path", "Description": "Of a test." });
        let template = json!({ "Parameters": {
            "List": parameter("AWS::SSM::Parameter::Value<List<AWS::EC2::Subnet::Id>>"),
            "Text": parameter("AWS::SSM::Parameter::Value<String>"),
        }});
        let values = |list: &str, text: &str| {
            BTreeMap::from([("List".to_owned(), list.to_owned()), ("Text".to_owned(), text.to_owned())])
        };
        let changed = |list, text| {
            let deployed = DeployedStack::with_parameters(values("subnet-1,subnet-2", "a,b"));
            let changes = changes(&deployed, &template, &values(list, text));
            changes.into_iter().map(|change| change.name).collect::<Vec<_>>()
        };
        assert_eq!(changed(" subnet-1, subnet-2 ", "a,b"), [""; 0]);
        assert_eq!(changed("subnet-1,subnet-3", "a,b"), ["List"]);
        assert_eq!(changed("subnet-2,subnet-1", "a,b"), ["List"]);
        assert_eq!(changed("subnet-1,subnet-2", "a, b"), ["Text"]);
    }

    #[test]
    fn path_shared_by_two_parameters_is_read_once() {
        let parameter = |path: usize| PlatformParameter {
            id: format!("Parameter{path}"),
            path: format!("/dev/{path:02}"),
            description: String::new(),
            is_list: false,
            kind: PlatformParameterKind::Text,
        };
        let parameters: Vec<PlatformParameter> = (0..12).chain([3, 11]).map(parameter).collect();
        let batches = batches(&parameters);
        assert_eq!(batches.iter().map(Vec::len).collect::<Vec<_>>(), [10, 2]);
        assert_eq!(batches.concat(), (0..12).map(|path| parameter(path).path).collect::<Vec<_>>());
    }

    #[test]
    fn missing_or_mistyped_parameter_is_a_problem() {
        let parameter = |is_list| PlatformParameter {
            id: "SubnetIds".to_owned(),
            path: "/dev/subnets".to_owned(),
            description: "Ids of the subnets.".to_owned(),
            is_list,
            kind: PlatformParameterKind::SubnetId,
        };
        let stored = |kind| Parameter::builder().r#type(kind).value("subnet-1,subnet-2").build();
        assert_eq!(problem(&parameter(true), Some(&stored(ParameterType::StringList))), None);
        assert_eq!(
            problem(&parameter(true), Some(&stored(ParameterType::String))).unwrap(),
            "is a String, but must be a StringList"
        );
        assert_eq!(problem(&parameter(false), None).unwrap(), "(String) is missing: Ids of the subnets.");
    }

    #[test]
    fn parameter_must_be_valid_for_its_setting() {
        let problem_of = |kind, is_list, value: &str| {
            let parameter = PlatformParameter {
                id: "Parameter".to_owned(),
                path: "/dev/parameter".to_owned(),
                description: "A parameter.".to_owned(),
                is_list,
                kind,
            };
            let stored = if is_list { ParameterType::StringList } else { ParameterType::String };
            problem(&parameter, Some(&Parameter::builder().r#type(stored).value(value).build()))
        };
        for (kind, good, bad) in [
            (PlatformParameterKind::BucketName, "pennsieve-dev-storage", "*"),
            (
                PlatformParameterKind::RoleArn,
                "arn:aws:iam::123456789012:role/a",
                "arn:aws:iam::123456789012:role/*",
            ),
            (
                PlatformParameterKind::QueueArn,
                "arn:aws:sqs:us-east-1:123456789012:a",
                "arn:aws:sqs:us-east-1:123456789012:*",
            ),
            (
                PlatformParameterKind::KeyArn,
                "arn:aws:kms:us-east-1:123456789012:key/a",
                "arn:aws:kms:us-east-1:123456789012:alias/a",
            ),
            (PlatformParameterKind::ProxyId, "prx-0123", "*"),
            (PlatformParameterKind::TableName, "process-jobs", "*"),
            (PlatformParameterKind::Url, "https://sqs.us-east-1.amazonaws.com/1/a", "a"),
        ] {
            assert_eq!(problem_of(kind, false, good), None);
            assert!(problem_of(kind, false, bad).unwrap().starts_with("has a wrong value: `"), "{bad}");
        }
        assert_eq!(problem_of(PlatformParameterKind::SubnetId, true, "subnet-1, subnet-2"), None);
        for list in ["subnet-1,", "subnet-1,sg-2", "*"] {
            assert!(problem_of(PlatformParameterKind::SubnetId, true, list).is_some(), "{list}");
        }
    }
}
