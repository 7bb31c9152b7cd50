//! Mutations that AWS rejects: a rule of `cloudformation-rules` reports each one.

mod properties;
mod requests;
mod services;
mod structure;

use std::collections::{BTreeMap, BTreeSet};

use cloudformation_rules::{ChangeSetRequest, ParameterValue, Rule, TemplateVersion, Violation};
use serde_json::Value as Json;

use super::{Mutation, assert_caught, mutated, templates};
use crate::identity::ACCOUNT;
use crate::testing::schemas;

/// The rules that no mutation of one of our templates can break alone.
const OTHER_RULES: [(Rule, &str); 1] =
    [(Rule::PublicKeyInUse, "CloudFormation rejects the key group that refers to a removed key first")];

/// A request for a change set. What it contains can be mutated too.
struct Request {
    text: String,
    deployed: Option<Json>,
    parameters: BTreeMap<String, ParameterValue>,
    capabilities: BTreeSet<String>,
    import_existing: bool,
    /// Types for which a resource exists under every name.
    existing: &'static [&'static str],
}

impl Request {
    /// Returns a request that creates a stack in an account without other resources.
    fn new(template: &Json) -> Self {
        Self {
            text: template.to_string(),
            deployed: None,
            parameters: BTreeMap::new(),
            capabilities: BTreeSet::from(["CAPABILITY_NAMED_IAM".to_owned()]),
            import_existing: false,
            existing: &[],
        }
    }

    /// Returns a request that updates a stack.
    fn update(deployed: &Json, template: &Json) -> Self {
        Self { deployed: Some(deployed.clone()), ..Self::new(template) }
    }

    fn violations(&self) -> Vec<Violation> {
        let none = BTreeMap::new();
        let request = ChangeSetRequest {
            template_text: &self.text,
            by_url: true,
            parameters: &self.parameters,
            capabilities: &self.capabilities,
            deployed: self.deployed.as_ref().map(|template| TemplateVersion { template, parameters: &none }),
            import_existing: self.import_existing,
            stack_name: "stack",
            account_id: ACCOUNT,
            exists: &|resource_type, _| self.existing.contains(&resource_type),
        };
        schemas().check(&request).unwrap()
    }

    /// Returns what was not reported.
    fn missed(&self, name: &str, rule: Rule) -> Option<String> {
        let violations = self.violations();
        let is_caught = violations.iter().any(|violation| violation.rule == rule);
        let reported: Vec<String> = violations.iter().map(ToString::to_string).collect();
        (!is_caught).then(|| format!("{name}: {rule:?} expected, but {reported:#?}"))
    }
}

/// Returns the mutations of a template that creates a stack.
fn mutations() -> Vec<Mutation<Rule>> {
    [structure::mutations(), properties::mutations(), services::mutations()].into_iter().flatten().collect()
}

#[test]
fn aws_accepts_our_templates() {
    for (environment, template) in templates() {
        for request in [Request::new(template), Request::update(template, template)] {
            let violations: Vec<String> = request.violations().iter().map(ToString::to_string).collect();
            assert_eq!(violations, [""; 0], "{}", environment.name);
        }
    }
}

#[test]
fn each_mutation_of_a_template_is_refused() {
    let missed = mutations().into_iter().flat_map(|(name, edit, rule)| {
        mutated(name, &edit)
            .into_iter()
            .filter_map(move |(_, template)| Request::new(&template).missed(name, rule))
    });
    assert_caught(missed);
}

#[test]
fn each_mutation_of_an_update_is_refused() {
    let missed = requests::updates().into_iter().flat_map(|(name, edit, rule)| {
        mutated(name, &edit).into_iter().filter_map(move |(deployed, template)| {
            assert!(
                Request::new(&template).missed(name, rule).is_some(),
                "{name}: refused without an update"
            );
            Request::update(deployed, &template).missed(name, rule)
        })
    });
    assert_caught(missed);
}

#[test]
fn each_mutation_of_a_request_is_refused() {
    let missed = templates().iter().flat_map(|(_, template)| {
        requests::mutations().into_iter().filter_map(move |(name, edit, rule)| {
            let mut request = Request::new(template);
            edit(&mut request);
            request.missed(name, rule)
        })
    });
    assert_caught(missed);
}

/// A rule without a mutation may never report anything.
#[test]
fn each_rule_has_a_mutation() {
    let of_templates = mutations().into_iter().map(|(_, _, rule)| rule);
    let of_updates = requests::updates().into_iter().map(|(_, _, rule)| rule);
    let of_requests = requests::mutations().into_iter().map(|(_, _, rule)| rule);
    let broken: BTreeSet<Rule> = of_templates.chain(of_updates).chain(of_requests).collect();
    let others: BTreeSet<Rule> = OTHER_RULES.iter().map(|(rule, _)| *rule).collect();
    let rules: BTreeSet<Rule> = Rule::ALL.iter().copied().collect();
    assert_eq!(rules.difference(&broken).copied().collect::<BTreeSet<_>>(), others);
}
