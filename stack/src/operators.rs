//! IAM policies of the people and the CI that look at an environment or change it.
//!
//! They are made from the environment's template, so they name the same resources.

mod commands;
mod limits;
mod target;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

use crate::artifacts::Artifacts;
use crate::cloudformation::{
    Condition, Location, PolicyDocument, Problem, RESOURCE_TYPES, Right, StackError, Statement,
    Target as ResourceTarget, Value, fill_in, to_json, values_named_by_permissions,
};
use crate::environment::{Environment, stack_name};
use crate::infrastructure;
use crate::inputs::Inputs;
use crate::platform_parameters::{PlatformParameter, PlatformParameterValues, platform_parameters};
use crate::signing_key::SigningKeys;
use target::PolicyScope;

/// Returns the policies of an environment, by name. Each one adds to those before it:
///
/// - `review`: what the commands that only read call themselves,
/// - `review-resources`: what drift detection reads with the caller's permissions,
/// - `deployment`: what the commands that change something call themselves,
/// - `deployment-resources`: what CloudFormation changes with the caller's permissions,
/// - `deployment-roles`: the same for the functions' roles, and which roles are passed to which service.
///
/// They are separate because IAM does not accept all of them as one policy. If the environment has no account, ARNs
/// contain a wildcard instead. Such a policy applies to the account in which it is created, since it cannot allow
/// anything in another one.
///
/// Roles that are passed to AWS services are named by their ARNs. Where an ARN is in the Parameter Store, it comes from
/// `values`: the values of the parameters that [`operator_parameters`] returns.
pub fn operator_policies(
    environment: &Environment,
    values: &PlatformParameterValues,
) -> Result<Json, StackError> {
    let template = template(environment, &SigningKeys::unknown());
    let missing =
        needed_parameters(&template).into_iter().filter(|parameter| !values.contains_key(&parameter.id));
    let missing: Vec<Problem> =
        missing.map(|parameter| Problem::UnknownPlatformParameter { path: parameter.path }).collect();
    if !missing.is_empty() {
        return Err(StackError { problems: missing });
    }
    let location = Location {
        partition: environment.region.partition(),
        region: environment.region.as_str(),
        account: environment.account.as_ref().map_or("*", |account| account.as_str()),
        stack_name: stack_name(environment),
        template: fill_in(&template, values),
    };
    let scope = PolicyScope { environment, location };
    let deployed = || RESOURCE_TYPES.iter().filter(|resource_type| scope.location.has(resource_type.name));
    let of_commands = |rights: &[Right<target::Target>]| {
        document(rights, |target| (target.into(), target.arns(&scope), target.condition(&scope)))
    };
    let of_resources = |rights: &mut dyn Iterator<Item = &'static Right<_>>| {
        let location = &scope.location;
        document(rights, |target: ResourceTarget| {
            (target.into(), target.arns(location), target.condition(location))
        })
    };
    let reading = &mut deployed().flat_map(|resource_type| resource_type.rights.read);
    let changes = deployed().flat_map(|resource_type| resource_type.rights.deploy);
    let (roles, resources): (Vec<_>, Vec<_>) = changes.partition(|(target, _)| target.is_role());
    let policies = to_json(&BTreeMap::from([
        ("review", of_commands(commands::REVIEW)),
        ("review-resources", of_resources(reading)),
        ("deployment", of_commands(commands::DEPLOYMENT)),
        ("deployment-resources", of_resources(&mut resources.into_iter())),
        ("deployment-roles", of_resources(&mut roles.into_iter())),
    ]));
    let by_name = policies.as_object().into_iter().flatten();
    let problems: Vec<Problem> = by_name.flat_map(|(name, policy)| limits::problems(name, policy)).collect();
    if problems.is_empty() { Ok(policies) } else { Err(StackError { problems }) }
}

/// Returns the platform parameters that the policies of an environment need.
pub fn operator_parameters(environment: &Environment) -> Vec<PlatformParameter> {
    needed_parameters(&template(environment, &SigningKeys::none()))
}

fn template(environment: &Environment, signing_keys: &SigningKeys) -> Json {
    let artifacts = &Artifacts::unknown(environment);
    infrastructure::build(&Inputs { environment, signing_keys, artifacts }).to_value()
}

fn needed_parameters(template: &Json) -> Vec<PlatformParameter> {
    let named: BTreeSet<&str> =
        values_named_by_permissions(template).filter_map(|value| value["Ref"].as_str()).collect();
    let parameters = platform_parameters(template).into_iter();
    parameters.filter(|parameter| named.contains(parameter.id.as_str())).collect()
}

/// Returns a policy with one statement for each target that has resources.
fn document<'a, T: Copy + Ord + 'a>(
    rights: impl IntoIterator<Item = &'a Right<T>>,
    describe: impl Fn(T) -> (&'static str, Vec<String>, Option<Condition>),
) -> PolicyDocument {
    let mut allowed: BTreeMap<T, BTreeSet<&'static str>> = BTreeMap::new();
    for (target, actions) in rights {
        allowed.entry(*target).or_default().extend(*actions);
    }
    let statements = allowed.into_iter().filter_map(|(target, actions)| {
        let (name, arns, condition) = describe(target);
        let resources: Vec<_> = arns.into_iter().map(Value::Literal).collect();
        (!resources.is_empty()).then(|| Statement {
            condition,
            ..Statement::allow(name, actions.into_iter().collect(), resources)
        })
    });
    PolicyDocument::new(statements.collect())
}

#[cfg(test)]
mod tests;
