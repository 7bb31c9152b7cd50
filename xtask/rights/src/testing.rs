//! Helpers of the tests: our environments with their templates and policies, and the schemas of the resource types.

mod references;

use std::path::PathBuf;
use std::sync::LazyLock;

use cloudformation_rules::ProviderSchemas;
use machine::tools::CFN_LINT;
use machine::{Unreported, repository};
use serde_json::Value as Json;
use stack::{Environment, SigningKeys};

pub(crate) use references::{resolved, role_name};

/// The time at which the tests decide.
pub(crate) const NOW: &str = "2026-11-28T12:00:00Z";

/// Returns the schemas of us-east-1. Installs cfn-lint if necessary.
pub(crate) fn schemas() -> &'static ProviderSchemas {
    static LOADED: LazyLock<ProviderSchemas> = LazyLock::new(|| {
        let directory: PathBuf = CFN_LINT.directory("cfnlint/data/schemas", &Unreported).unwrap();
        ProviderSchemas::load(&directory, "us-east-1").unwrap()
    });
    &LOADED
}

/// Returns all environments.
pub(crate) fn environments() -> [Environment; 3] {
    ["dev", "local", "prod"].map(environment)
}

/// Returns the environment of a name.
pub(crate) fn environment(name: &str) -> Environment {
    let file = repository::root().join(format!("stack/environments/{name}.toml"));
    Environment::parse(&name.parse().unwrap(), &std::fs::read_to_string(file).unwrap()).unwrap()
}

/// Returns the development environment with a permissions boundary, which no environment has yet.
pub(crate) fn environment_with_boundary() -> Environment {
    let boundary = Some("arn:aws:iam::000000000000:policy/boundary".parse().unwrap());
    Environment { permissions_boundary: boundary, ..environment("dev") }
}

/// Returns the template of an environment, with a signing key.
pub(crate) fn template_of(environment: &Environment) -> Json {
    stack::preview_with(environment, &SigningKeys::unknown()).unwrap().to_value()
}

/// Returns the policies of the operators of an environment, by name.
pub(crate) fn policies_of(environment: &Environment) -> Json {
    let needed = stack::operator_parameters(environment).into_iter();
    let values = needed.map(|parameter| {
        let value = references::value_of(&parameter.id);
        (parameter.id, value)
    });
    stack::operator_policies(environment, &values.collect()).unwrap()
}
