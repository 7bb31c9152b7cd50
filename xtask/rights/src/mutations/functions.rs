//! Mutations of the functions' roles: each part that is removed makes a function fail.

mod needs;

use serde_json::{Value as Json, json};
use stack::{Environment, stack_name};

use super::{assert_caught, templates};
use crate::access::Access;
use crate::identity::Principal;
use crate::policies::{OperatorPolicies, Policies};
use crate::testing::{NOW, resolved, role_name};

/// The statements of a function's role, and the needs that they are for.
struct Role<'a> {
    id: &'a str,
    stack: String,
    statements: Vec<Json>,
    needs: Vec<Access>,
}

/// Returns the functions' roles of a template.
fn roles<'a>(environment: &Environment, template: &'a Json) -> Vec<Role<'a>> {
    let stack = stack_name(environment);
    let resources = template["Resources"].as_object().unwrap().iter();
    let roles = resources.filter(|(_, resource)| resource["Type"] == "AWS::IAM::Role");
    let role = |(id, role): (&'a String, &'a Json)| {
        let statements = &role["Properties"]["Policies"][0]["PolicyDocument"]["Statement"];
        let statements = resolved(statements, template, &stack).as_array().unwrap().clone();
        let needs = needs::of(environment, id);
        Role { id, stack: stack.clone(), statements, needs }
    };
    roles.map(role).collect()
}

impl Role<'_> {
    /// Whether the role may do something with these statements.
    fn allows(&self, statements: &[Json], access: &Access) -> bool {
        let name = role_name(&self.stack, self.id);
        let document = json!({ "Version": "2012-10-17", "Statement": statements });
        let stored = json!({
            "roles": { name.as_str(): { "policies": [document], "boundary": null } },
            "buckets": {},
            "queues": {},
        });
        let policies = Policies::new(&serde_json::from_value(stored).unwrap());
        let principal = Principal::Role { role: name, session: "function".to_owned() };
        let operators = OperatorPolicies::new([], []);
        policies.decide(&operators, Some(&principal), access, NOW.parse().unwrap()).is_ok()
    }

    /// Returns the role without one statement, action or resource, and the name of what is missing.
    fn reductions(&self, effect: &str) -> Vec<(String, Vec<Json>)> {
        let mut reductions = Vec::new();
        for (index, statement) in self.statements.iter().enumerate() {
            if statement["Effect"] != effect {
                continue;
            }
            let sid = statement["Sid"].as_str().unwrap();
            let mut without = self.statements.clone();
            without.remove(index);
            reductions.push((format!("{} without {sid}", self.id), without));
            for list in ["Action", "Resource"] {
                let items = statement[list].as_array().unwrap();
                for (position, item) in items.iter().enumerate().filter(|_| items.len() > 1) {
                    let mut without = self.statements.clone();
                    without[index][list].as_array_mut().unwrap().remove(position);
                    reductions.push((format!("{}, {sid} without {item}", self.id), without));
                }
            }
        }
        reductions
    }
}

#[test]
fn functions_may_do_what_they_do() {
    for (environment, template) in templates() {
        for role in roles(environment, template) {
            assert!(!role.needs.is_empty(), "{}", role.id);
            let mut refused = role.needs.iter().filter(|need| !role.allows(&role.statements, need));
            assert_eq!(refused.next(), None, "{}, {}", environment.name, role.id);
        }
    }
}

#[test]
fn each_statement_action_and_resource_is_needed() {
    let mut missed = Vec::new();
    for (environment, template) in templates() {
        for role in roles(environment, template) {
            let reductions = role.reductions("Allow").into_iter();
            let is_missed = |(_, statements): &(String, Vec<Json>)| {
                role.needs.iter().all(|need| role.allows(statements, need))
            };
            let reductions = reductions.filter(is_missed);
            missed.extend(reductions.map(|(what, _)| format!("{}, {what}", environment.name)));
        }
    }
    assert_eq!(missed, [""; 0]);
}

/// The denials prevent the code of a function from doing what Lambda does with the function's role.
#[test]
fn each_denial_is_needed() {
    let mut missed = Vec::new();
    for (environment, template) in templates() {
        for role in roles(environment, template) {
            let denied = needs::denied(environment, role.id);
            assert!(denied.iter().all(|access| !role.allows(&role.statements, access)), "{}", role.id);
            let reductions = role.reductions("Deny").into_iter();
            let is_missed = |(_, statements): &(String, Vec<Json>)| {
                denied.iter().all(|access| !role.allows(statements, access))
            };
            missed.extend(
                reductions.filter(is_missed).map(|(what, _)| format!("{}: {what}", environment.name)),
            );
        }
    }
    assert_caught(missed);
}
