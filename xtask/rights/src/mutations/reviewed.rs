//! Mutations that open something, lose data or break clients: a review of the template marks each one.
//!
//! A deployment rejects what is marked until it is allowed by name.

mod access;
mod data;
mod harmless;
mod permissions;

use serde_json::Value as Json;
use stack::{Consequence, PlatformParameterValues, TemplateReview, TemplateState};

use super::{Mutation, assert_caught, mutated, templates};

/// What the review of a mutation must contain about the resource.
#[derive(Clone, Copy, Debug)]
enum Mark {
    /// A finding.
    Finding(Consequence),
    /// A new permission, or a removed denial.
    Widening,
    /// The deletion of a resource that holds data.
    Endangered,
}

const OPENS: Mark = Mark::Finding(Consequence::Opens);
const CLOSES: Mark = Mark::Finding(Consequence::Closes);
const LOSES_DATA: Mark = Mark::Finding(Consequence::LosesData);

impl Mark {
    fn is_in(self, review: &TemplateReview, resource: &str) -> bool {
        match self {
            Self::Finding(consequence) => {
                review.findings(consequence).any(|finding| finding.resource == resource)
            }
            Self::Widening => review.widening().any(|grant| grant.holder == resource),
            Self::Endangered => review.endangered().any(|change| change.name == resource),
        }
    }
}

fn review(deployed: &Json, proposed: &Json) -> TemplateReview {
    let parameters = &PlatformParameterValues::new();
    let state = |template| TemplateState { template, parameters };
    TemplateReview::compare(Some(state(deployed)), state(proposed))
}

fn mutations() -> Vec<Mutation<Mark>> {
    [access::mutations(), permissions::mutations(), data::mutations()].into_iter().flatten().collect()
}

#[test]
fn review_of_the_deployed_template_is_empty() {
    for (environment, template) in templates() {
        assert!(review(template, template).is_empty(), "{}", environment.name);
    }
}

#[test]
fn each_mutation_is_marked() {
    let missed = mutations().into_iter().flat_map(|(name, edit, mark)| {
        let missed = mutated(name, &edit).into_iter().filter_map(|(deployed, proposed)| {
            let review = review(deployed, &proposed);
            let is_caught = mark.is_in(&review, edit.resource());
            (!is_caught)
                .then(|| format!("{name}: {mark:?} expected, but {:?} {:?}", review.findings, review.grants))
        });
        missed.collect::<Vec<_>>()
    });
    assert_caught(missed);
}

/// A review that marks everything is of no use.
#[test]
fn harmless_changes_are_not_marked() {
    let marked = harmless::changes().into_iter().flat_map(|(name, edit)| {
        let marked = mutated(name, &edit).into_iter().filter_map(|(deployed, proposed)| {
            let review = review(deployed, &proposed);
            assert!(!review.is_empty(), "{name}");
            let is_marked = !review.findings.is_empty()
                || review.widening().next().is_some()
                || review.endangered().next().is_some();
            is_marked.then(|| format!("{name}: {:?} {:?}", review.findings, review.grants))
        });
        marked.collect::<Vec<_>>()
    });
    assert_eq!(marked.collect::<Vec<_>>(), [""; 0]);
}
