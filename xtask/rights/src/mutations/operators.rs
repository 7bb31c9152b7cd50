//! Mutations of the operators' policies: each action that is removed makes a command fail, and each wider policy allows
//! a forbidden action.
//!
//! The actions that CloudFormation takes on behalf of an operator are tested in `handlers`.

mod forbidden;
mod needs;
mod reading;
mod widening;

use std::sync::LazyLock;

use serde_json::Value as Json;

use super::assert_caught;
use crate::access::Access;
use crate::identity::{Operator, Principal};
use crate::policies::{OperatorPolicies, Policies};
use crate::testing::{NOW, environment_with_boundary, policies_of};

/// The policies of a reviewer, and those that a deployer has besides.
const REVIEWER: [&str; 2] = ["review", "review-resources"];
const DEPLOYER: [&str; 3] = ["deployment", "deployment-resources", "deployment-roles"];

/// Returns the policies of the operators of an environment with a permissions boundary.
fn policies() -> &'static Json {
    static RENDERED: LazyLock<Json> = LazyLock::new(|| policies_of(&environment_with_boundary()));
    &RENDERED
}

/// Returns what the policies with these names do not allow.
fn refused<'a>(policies: &Json, names: &[&str], accesses: &'a [Access]) -> Vec<&'a Access> {
    let documents: Vec<&Json> = names.iter().map(|name| &policies[*name]).collect();
    let operators = OperatorPolicies::new([], documents);
    let (none, holder) = (Policies::default(), Principal::Operator(Operator::Deployer));
    let now = NOW.parse().unwrap();
    accesses.iter().filter(|access| none.decide(&operators, Some(&holder), access, now).is_err()).collect()
}

/// Returns the policies without one action of a statement, for each action of the named policy.
fn without_actions(name: &str) -> Vec<(String, Json)> {
    let statements = policies()[name]["Statement"].as_array().unwrap().iter().enumerate();
    let reductions = statements.flat_map(|(index, statement)| {
        let actions = statement["Action"].as_array().unwrap().iter().enumerate();
        actions.map(move |(position, action)| {
            let mut policies = policies().clone();
            let statements = policies[name]["Statement"].as_array_mut().unwrap();
            let remaining = statements[index]["Action"].as_array_mut().unwrap();
            remaining.remove(position);
            // IAM accepts no empty list.
            if remaining.is_empty() {
                statements.remove(index);
            }
            (format!("{name}, {} without {action}", statement["Sid"]), policies)
        })
    });
    reductions.collect()
}

/// Checks that the policies with these names allow all needs, and that each action of the named policy is needed.
fn assert_each_action_is_needed(name: &str, names: &[&str], needs: &[Access]) {
    assert_eq!(refused(policies(), names, needs), Vec::<&Access>::new());
    let reductions = without_actions(name).into_iter();
    let missed = reductions.filter(|(_, policies)| refused(policies, names, needs).is_empty());
    assert_caught(missed.map(|(what, _)| what));
}

#[test]
fn each_action_of_the_commands_that_read_is_needed() {
    assert_each_action_is_needed("review", &["review"], &needs::reading());
}

#[test]
fn each_action_of_the_commands_that_change_is_needed() {
    assert_each_action_is_needed("deployment", &["review", "deployment"], &needs::changing());
}

/// Returns the forbidden actions that the policies allow.
fn allowed(policies: &Json) -> Vec<String> {
    let everything = [REVIEWER.as_slice(), DEPLOYER.as_slice()].concat();
    let mut allowed = Vec::new();
    for (names, forbidden) in
        [(REVIEWER.as_slice(), forbidden::to_reviewers()), (&everything, forbidden::to_deployers())]
    {
        let refused = refused(policies, names, &forbidden);
        let accesses = forbidden.iter().filter(|access| !refused.contains(access));
        allowed.extend(accesses.map(|access| format!("{} on {}", access.action, access.resource)));
    }
    allowed
}

#[test]
fn operators_may_do_nothing_that_is_forbidden() {
    assert_eq!(allowed(policies()), [""; 0]);
}

#[test]
fn each_condition_is_needed() {
    let mut missed = Vec::new();
    let mut count = 0;
    for name in REVIEWER.into_iter().chain(DEPLOYER) {
        for (index, statement) in policies()[name]["Statement"].as_array().unwrap().iter().enumerate() {
            if statement["Condition"].is_null() {
                continue;
            }
            count += 1;
            let mut mutated = policies().clone();
            mutated[name]["Statement"][index].as_object_mut().unwrap().remove("Condition");
            if allowed(&mutated).is_empty() {
                missed.push(format!("{name}, {} without its condition", statement["Sid"]));
            }
        }
    }
    assert!(count > 0);
    assert_caught(missed);
}

#[test]
fn each_mutation_allows_what_is_forbidden() {
    let missed = widening::mutations().into_iter().filter_map(|(name, edit)| {
        let mut mutated = policies().clone();
        edit.apply(&mut mutated);
        assert_ne!(*policies(), mutated, "{name}: the mutation changes nothing");
        allowed(&mutated).is_empty().then(|| name.to_owned())
    });
    assert_caught(missed);
}
