//! What people and CI must be allowed to do with an environment: IAM policies for looking at it and for changing it.
//!
//! They are made from the environment's template, so that resources have the names that they have there.

mod commands;
mod limits;
mod place;
mod resource_types;
mod target;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

use crate::cloudformation::{PlatformFact, PolicyDocument, Problem, Statement, platform_facts, to_json};
use crate::infrastructure::{AUTHORIZER_INVOKE_ROLE, LOG_DESTINATION, LOG_DESTINATION_ROLE};
use crate::{Artifacts, Environment, Inputs, SigningKeys, StackError, infrastructure};
use place::Place;
use target::Target;

/// Actions that are needed on a target.
type Right = (Target, &'static [&'static str]);

/// The policies of an environment, by name. Each adds to those before it:
///
/// - `review`: what the commands that only look call themselves,
/// - `review-resources`: what drift detection reads in the caller's name,
/// - `deployment`: what the commands that change something call themselves,
/// - `deployment-resources`: what CloudFormation changes in the caller's name,
/// - `deployment-roles`: the same for the functions' roles, and which roles are handed to which service.
///
/// They are apart because all together are more than IAM takes for one policy. Where the environment names no account,
/// its place in an ARN is a wildcard: then a policy speaks of the account that it is created in, since it admits nobody
/// to another one.
///
/// What may be handed to AWS's services is named by its ARN. Where only the Parameter Store has that, it is one of the
/// `facts`: those that [`operator_facts`] asks for, by the names of their parameters.
pub fn operator_policies(
    environment: &Environment,
    facts: &BTreeMap<String, String>,
) -> Result<Json, StackError> {
    let inputs = Inputs {
        environment,
        signing_keys: &SigningKeys::unknown(),
        artifacts: &Artifacts::unknown(environment),
    };
    let template = infrastructure::build(&inputs).to_value();
    let missing = needed_facts(&template).filter(|fact| !facts.contains_key(&fact.id));
    let missing: Vec<Problem> = missing.map(|fact| Problem::UnknownFact { path: fact.path }).collect();
    if !missing.is_empty() {
        return Err(StackError { problems: missing });
    }
    let place = Place::new(environment, template, facts);
    let deployed = || resource_types::ALL.iter().filter(|resource_type| place.has(resource_type.name));
    let changes = deployed().flat_map(|resource_type| resource_type.deployment);
    let (roles, resources): (Vec<&Right>, Vec<&Right>) = changes.partition(|(target, _)| target.is_role());
    let policies = BTreeMap::from([
        ("review", document(&place, commands::REVIEW)),
        ("review-resources", document(&place, deployed().flat_map(|resource_type| resource_type.review))),
        ("deployment", document(&place, commands::DEPLOYMENT)),
        ("deployment-resources", document(&place, resources)),
        ("deployment-roles", document(&place, roles)),
    ]);
    let policies = to_json(&policies);
    let by_name = policies.as_object().into_iter().flatten();
    let problems: Vec<Problem> = by_name.flat_map(|(name, policy)| limits::problems(name, policy)).collect();
    if problems.is_empty() { Ok(policies) } else { Err(StackError { problems }) }
}

/// The facts that the policies of an environment take from the Parameter Store.
pub fn operator_facts(environment: &Environment) -> Vec<PlatformFact> {
    let inputs = Inputs {
        environment,
        signing_keys: &SigningKeys::none(),
        artifacts: &Artifacts::unknown(environment),
    };
    needed_facts(&infrastructure::build(&inputs).to_value()).collect()
}

fn needed_facts(template: &Json) -> impl Iterator<Item = PlatformFact> {
    let needed = [AUTHORIZER_INVOKE_ROLE, LOG_DESTINATION, LOG_DESTINATION_ROLE];
    platform_facts(template).into_iter().filter(move |fact| needed.contains(&fact.id.as_str()))
}

/// One statement for all that is allowed on the same resources.
fn document<'a>(place: &Place<'_>, rights: impl IntoIterator<Item = &'a Right>) -> PolicyDocument {
    let mut allowed: BTreeMap<Target, BTreeSet<&'static str>> = BTreeMap::new();
    for (target, actions) in rights {
        allowed.entry(*target).or_default().extend(*actions);
    }
    let statements = allowed.into_iter().filter_map(|(target, actions)| {
        let resources = target.resources(place);
        let condition = target.condition(place);
        (!resources.is_empty()).then(|| Statement {
            condition,
            ..Statement::allow(target.name(), actions.into_iter().collect(), resources)
        })
    });
    PolicyDocument::new(statements.collect())
}

#[cfg(test)]
mod tests;
