//! One policy, and its verdict on a request.

use iam_rs::{Decision, IAMAction, IAMEffect, IAMPolicy, IAMRequest, PolicyEvaluator};
use serde::Deserialize;
use serde_json::Value as Json;

/// A policy document, parsed once.
///
/// A document that cannot be read has no statements. IAM rejects it when it is created, but the emulator stores it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Policy {
    statements: Vec<Statement>,
}

#[derive(Clone, Debug)]
struct Statement {
    /// Its `Sid`, or its position.
    name: String,
    effect: IAMEffect,
    /// The actions that it names, which may contain wildcards; nothing for a statement with `NotAction`.
    actions: Option<Vec<String>>,
    /// The keys of its conditions.
    condition_keys: Vec<String>,
    evaluator: PolicyEvaluator,
}

/// The verdict of the policies of one kind on a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict<'a> {
    /// A statement with this name allows it.
    Allowed(&'a str),
    Denied,
    Silent,
}

impl Policy {
    /// Reads a policy document, and logs why it cannot be read.
    pub(crate) fn new(owner: &str, document: &Json) -> Self {
        let policy = match IAMPolicy::deserialize(document) {
            Ok(policy) => policy,
            Err(error) => {
                tracing::warn!(target: machine::ACTIVITY, "a policy of {owner} cannot be read, so it allows nothing: {error}");
                return Self::default();
            }
        };
        let statements = policy.statement.iter().enumerate().map(|(position, statement)| Statement {
            name: statement.sid.clone().unwrap_or_else(|| format!("statement {}", position + 1)),
            effect: statement.effect,
            actions: statement.action.as_ref().map(named_actions),
            condition_keys: condition_keys(document, position),
            evaluator: PolicyEvaluator::with_policies(vec![IAMPolicy {
                statement: vec![statement.clone()],
                ..policy.clone()
            }]),
        });
        Self { statements: statements.collect() }
    }

    /// Returns the condition keys of the statements that allow an action.
    pub(crate) fn condition_keys(&self, action: &str) -> impl Iterator<Item = &str> {
        let allows =
            move |statement: &&Statement| statement.allowed().iter().any(|allowed| allowed == action);
        self.statements.iter().filter(allows).flat_map(|it| &it.condition_keys).map(String::as_str)
    }

    /// Returns the actions that statements allow, each with the name of its statement.
    pub(crate) fn allowed(&self) -> impl Iterator<Item = (&str, &str)> {
        self.statements.iter().flat_map(|statement| {
            statement.allowed().iter().map(|action| (statement.name.as_str(), action.as_str()))
        })
    }
}

/// Returns the keys of a statement's conditions. A single statement need not be in a list.
fn condition_keys(document: &Json, position: usize) -> Vec<String> {
    let statements = &document["Statement"];
    let statement = if statements.is_array() { &statements[position] } else { statements };
    let operators = statement["Condition"].as_object().into_iter().flat_map(serde_json::Map::values);
    operators.filter_map(Json::as_object).flat_map(serde_json::Map::keys).cloned().collect()
}

fn named_actions(actions: &IAMAction) -> Vec<String> {
    match actions {
        IAMAction::Single(action) => vec![action.clone()],
        IAMAction::Multiple(actions) => actions.clone(),
    }
}

impl Statement {
    /// Returns the actions that it allows.
    fn allowed(&self) -> &[String] {
        match self.effect {
            IAMEffect::Allow => self.actions.as_deref().unwrap_or_default(),
            IAMEffect::Deny => &[],
        }
    }

    /// Whether the statement may apply to an action. Most statements do not, and need not be evaluated.
    fn may_concern(&self, action: &str) -> bool {
        let names = |named: &String| named.contains(['*', '?']) || named.eq_ignore_ascii_case(action);
        self.actions.as_ref().is_none_or(|actions| actions.iter().any(names))
    }

    fn verdict(&self, request: &IAMRequest) -> Verdict<'_> {
        if !self.may_concern(&request.action) {
            return Verdict::Silent;
        }
        match self.evaluator.evaluate(request).map(|result| result.decision) {
            Ok(Decision::Allow) => Verdict::Allowed(&self.name),
            Ok(Decision::Deny) => Verdict::Denied,
            Ok(Decision::NotApplicable) => Verdict::Silent,
            Err(error) => {
                let IAMRequest { action, resource, .. } = request;
                tracing::warn!(
                    target: machine::ACTIVITY,
                    "the statement {} cannot be evaluated for {action} on {resource}: {error}", self.name
                );
                Verdict::Silent
            }
        }
    }
}

/// Returns the combined verdict of several policies: a denial outweighs everything.
pub(crate) fn verdict<'a>(
    policies: impl IntoIterator<Item = &'a Policy>,
    request: &IAMRequest,
) -> Verdict<'a> {
    let statements = policies.into_iter().flat_map(|policy| &policy.statements);
    statements.map(|statement| statement.verdict(request)).fold(Verdict::Silent, |all, one| {
        match (all, one) {
            (Verdict::Denied, _) | (_, Verdict::Denied) => Verdict::Denied,
            (Verdict::Allowed(name), _) | (_, Verdict::Allowed(name)) => Verdict::Allowed(name),
            _ => Verdict::Silent,
        }
    })
}
