//! Checks whether the caller may do what the operators' policies allow.
//!
//! IAM simulates the caller's policies, so nothing is called that could change something:
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html>.

use std::collections::BTreeSet;

use anyhow::{Context, Result};
use aws_sdk_iam::Client;
use aws_sdk_iam::types::PolicyEvaluationDecisionType;
use serde_json::Value;
use stack::{Environment, PlatformParameterValues};

use super::{Check, CheckResult, unknown};
use crate::advice::command_for;
use crate::connection::Connection;

/// How many actions a message names.
const SHOWN: usize = 8;

/// The identity whose policies are simulated.
#[derive(Debug, PartialEq, Eq)]
enum Principal {
    /// The root user of the account, which no policy limits.
    Root,
    /// A user or a role, by its ARN.
    Identity(String),
    /// An assumed role, by its name. The ARN of the caller lacks the path of the role.
    AssumedRole(String),
}

/// What a simulation found.
#[derive(Debug, Default)]
struct Simulated {
    count: usize,
    denied: BTreeSet<String>,
    /// Actions that depend on values of a request.
    conditional: BTreeSet<String>,
}

/// Checks the caller's rights, with one result for each policy.
pub(super) async fn check(
    environment: &Environment,
    connection: &Connection,
    values: Option<&PlatformParameterValues>,
) -> Vec<Check> {
    let subject = "rights";
    let principal = principal(&connection.caller);
    if principal == Principal::Root {
        let text = "the root user may do everything".to_owned();
        return vec![Check::new(subject, CheckResult::Passed(text))];
    }
    let Some(values) = values else {
        let reason = "some policies name roles in platform parameters, which have to be corrected first";
        return vec![Check::new(subject, CheckResult::Unknown(reason.to_owned()))];
    };
    match simulate_all(environment, connection, principal, values).await {
        Ok(checks) => checks,
        Err(error) => vec![Check::new(subject, unknown(&error))],
    }
}

async fn simulate_all(
    environment: &Environment,
    connection: &Connection,
    principal: Principal,
    values: &PlatformParameterValues,
) -> Result<Vec<Check>> {
    let client = connection.iam();
    let arn = match principal {
        Principal::Identity(arn) => arn,
        Principal::AssumedRole(name) => role_arn(&client, &name).await?,
        Principal::Root => return Ok(Vec::new()),
    };
    // Without an account, the policies contain a wildcard in its place, which is no resource.
    let mut environment = environment.clone();
    if environment.account.is_none() {
        environment.account = connection.account.parse().ok();
    }
    let policies = stack::operator_policies(&environment, values)?;
    let mut checks = Vec::new();
    for (name, policy) in policies.as_object().into_iter().flatten() {
        let simulated = simulate(&client, &arn, policy).await?;
        checks.push(Check::new(format!("rights: {name}"), simulated.result(&environment)));
    }
    Ok(checks)
}

async fn role_arn(client: &Client, name: &str) -> Result<String> {
    let response = client.get_role().role_name(name).send().await;
    let role = response.with_context(|| format!("cannot read the role {name}"))?.role;
    Ok(role.with_context(|| format!("there is no role {name}"))?.arn)
}

/// Simulates every statement of a policy.
async fn simulate(client: &Client, principal: &str, policy: &Value) -> Result<Simulated> {
    let mut simulated = Simulated::default();
    for statement in policy["Statement"].as_array().into_iter().flatten() {
        let request = client
            .simulate_principal_policy()
            .policy_source_arn(principal)
            .set_action_names(Some(texts(&statement["Action"])))
            .set_resource_arns(Some(texts(&statement["Resource"])));
        let mut pages = request.into_paginator().send();
        while let Some(page) = pages.next().await {
            let page = page.context("cannot simulate the policies of the caller")?;
            for result in page.evaluation_results.unwrap_or_default() {
                simulated.count += 1;
                if result.eval_decision == PolicyEvaluationDecisionType::Allowed {
                    continue;
                }
                let is_conditional = !result.missing_context_values().is_empty();
                let kind = if is_conditional { &mut simulated.conditional } else { &mut simulated.denied };
                kind.insert(result.eval_action_name);
            }
        }
    }
    Ok(simulated)
}

/// Returns the texts of a member of a statement, which is one text or a list of them.
fn texts(member: &Value) -> Vec<String> {
    let list = member.as_array().map_or_else(|| vec![member], |list| list.iter().collect());
    list.into_iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

impl Simulated {
    fn result(&self, environment: &Environment) -> CheckResult {
        let render = command_for(&environment.name, "render --policies");
        if !self.denied.is_empty() {
            return CheckResult::Failed(format!(
                "{} are denied; attach the policies that {render} prints",
                shortened(&self.denied)
            ));
        }
        if !self.conditional.is_empty() {
            return CheckResult::Unknown(format!(
                "{} depend on values of the request; all other actions are allowed",
                shortened(&self.conditional)
            ));
        }
        CheckResult::Passed(format!("{} actions on their resources are allowed", self.count))
    }
}

/// Returns the first actions, and how many more there are.
fn shortened(actions: &BTreeSet<String>) -> String {
    let first: Vec<&str> = actions.iter().take(SHOWN).map(String::as_str).collect();
    match actions.len().saturating_sub(SHOWN) {
        0 => first.join(", "),
        more => format!("{} and {more} more", first.join(", ")),
    }
}

/// Returns the identity that the ARN of a caller belongs to:
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html>.
fn principal(caller: &str) -> Principal {
    let resource = caller.splitn(6, ':').nth(5).unwrap_or_default();
    match resource.split('/').collect::<Vec<_>>()[..] {
        ["root"] => Principal::Root,
        ["assumed-role", name, ..] => Principal::AssumedRole(name.to_owned()),
        _ => Principal::Identity(caller.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::json;

    use super::{Principal, Simulated, principal, texts};
    use crate::checks::CheckResult;

    #[test]
    fn simulated_identity_is_that_of_the_caller() {
        let user = "arn:aws:iam::123456789012:user/team/alice";
        assert_eq!(principal(user), Principal::Identity(user.to_owned()));
        assert_eq!(principal("arn:aws:iam::123456789012:root"), Principal::Root);
        let role = principal("arn:aws:sts::123456789012:assumed-role/Deployer/alice@example.org");
        assert_eq!(role, Principal::AssumedRole("Deployer".to_owned()));
    }

    #[test]
    fn denied_actions_fail_and_conditional_ones_are_unknown() {
        let environment = command_line::environment::load("dev").unwrap();
        let mut simulated = Simulated { count: 3, ..Simulated::default() };
        assert!(matches!(simulated.result(&environment), CheckResult::Passed(_)));
        simulated.conditional = BTreeSet::from(["iam:PassRole".to_owned()]);
        assert!(matches!(simulated.result(&environment), CheckResult::Unknown(_)));
        simulated.denied = (0..10).map(|number| format!("sqs:Action{number}")).collect();
        let CheckResult::Failed(text) = simulated.result(&environment) else { panic!("{simulated:?}") };
        assert!(text.contains("sqs:Action7 and 2 more are denied"), "{text}");
        assert!(text.contains("render --policies --env dev"), "{text}");
    }

    #[test]
    fn member_of_a_statement_is_a_text_or_a_list() {
        assert_eq!(texts(&json!("*")), ["*"]);
        assert_eq!(texts(&json!(["a", "b"])), ["a", "b"]);
    }
}
