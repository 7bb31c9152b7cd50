//! Mutations of templates and policies: each one is a mistake that a check must report.
//!
//! The checks are those that protect a deployment: what AWS rejects (`refused`), what a review marks (`reviewed`), what
//! functions may do (`functions`) and what operators may do (`operators`). Templates and policies without a mutation
//! pass all checks.

mod edit;
mod functions;
mod operators;
mod refused;
mod reviewed;

use std::sync::LazyLock;

use serde_json::Value as Json;
use stack::Environment;

use self::edit::Edit;
use crate::testing::{environment, environment_with_boundary, template_of};

/// A mutation of a template: what it does, how, and what must be reported.
type Mutation<E> = (&'static str, Edit, E);

/// An environment with its template.
type Rendered = (Environment, Json);

/// Returns the templates of all environments, which are rendered once. That of dev has a permissions boundary.
fn templates() -> &'static [Rendered] {
    static RENDERED: LazyLock<Vec<Rendered>> = LazyLock::new(|| {
        let environments = [environment_with_boundary(), environment("local"), environment("prod")];
        let rendered = environments.map(|environment| {
            let template = template_of(&environment);
            (environment, template)
        });
        rendered.into()
    });
    &RENDERED
}

/// Applies a mutation to the template of each environment that has what it edits.
///
/// Returns each template before and after the mutation.
fn mutated(name: &str, edit: &Edit) -> Vec<(&'static Json, Json)> {
    let templates = templates().iter().map(|(_, template)| template);
    let mutated: Vec<_> = templates
        .filter(|template| edit.applies(template))
        .map(|template| {
            let mut mutated = template.clone();
            edit.apply(&mut mutated);
            assert_ne!(*template, mutated, "{name}: the mutation changes nothing");
            (template, mutated)
        })
        .collect();
    assert!(!mutated.is_empty(), "{name}: no environment has {edit}");
    mutated
}

/// Fails if mutations were not reported.
fn assert_caught(missed: impl IntoIterator<Item = String>) {
    let missed: Vec<String> = missed.into_iter().collect();
    assert!(missed.is_empty(), "not caught:\n{}", missed.join("\n"));
}
