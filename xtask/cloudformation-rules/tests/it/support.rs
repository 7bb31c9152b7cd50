//! The schemas of the pinned cfn-lint, and requests with the templates of this repository.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use cloudformation_rules::{ChangeSetRequest, ParameterValue, ProviderSchemas, Violation};
use machine::tools::CFN_LINT;
use machine::{Unreported, repository};
use serde_json::Value;
use stack::{Environment, EnvironmentName, SigningKeys};

/// Returns the schemas of us-east-1. Installs cfn-lint if necessary.
pub(crate) fn schemas() -> &'static ProviderSchemas {
    static LOADED: LazyLock<ProviderSchemas> =
        LazyLock::new(|| ProviderSchemas::load(schema_directory(), "us-east-1").unwrap());
    &LOADED
}

/// Returns the directory of the schemas, which cfn-lint contains.
pub(crate) fn schema_directory() -> &'static Path {
    static DIRECTORY: LazyLock<PathBuf> =
        LazyLock::new(|| CFN_LINT.directory("cfnlint/data/schemas", &Unreported).unwrap());
    &DIRECTORY
}

/// Returns the templates of all environments by their names, without and with a signing key.
pub(crate) fn templates() -> &'static BTreeMap<String, String> {
    static RENDERED: LazyLock<BTreeMap<String, String>> = LazyLock::new(|| {
        let directory = repository::root().join("stack/environments");
        let files = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
        files.flat_map(|file| templates_of(&file)).collect()
    });
    &RENDERED
}

fn templates_of(file: &Path) -> [(String, String); 2] {
    let name = file.file_stem().unwrap().to_string_lossy().into_owned();
    let text = fs::read_to_string(file).unwrap();
    let environment = Environment::parse(&name.parse::<EnvironmentName>().unwrap(), &text).unwrap();
    let template = |keys: &SigningKeys| stack::preview_with(&environment, keys).unwrap().to_json();
    let with_key = format!("{name} with a key");
    [(name, template(&SigningKeys::none())), (with_key, template(&SigningKeys::unknown()))]
}

/// Returns the template of dev with a signing key.
pub(crate) fn template_of_dev() -> Value {
    serde_json::from_str(&templates()["dev with a key"]).unwrap()
}

/// Checks a new stack in an account in which no name is taken.
pub(crate) fn check(template_text: &str) -> Vec<Violation> {
    check_with(template_text, &BTreeMap::new())
}

/// Checks a new stack with the contents of Systems Manager parameters.
pub(crate) fn check_with(
    template_text: &str,
    parameters: &BTreeMap<String, ParameterValue>,
) -> Vec<Violation> {
    let capabilities = capabilities();
    schemas().check(&request(template_text, parameters, &capabilities)).unwrap()
}

/// Returns a request that creates a stack in an account in which no name is taken.
pub(crate) fn request<'a>(
    template_text: &'a str,
    parameters: &'a BTreeMap<String, ParameterValue>,
    capabilities: &'a BTreeSet<String>,
) -> ChangeSetRequest<'a> {
    ChangeSetRequest {
        template_text,
        by_url: true,
        parameters,
        capabilities,
        deployed: None,
        import_existing: false,
        stack_name: "stack",
        account_id: "123456789012",
        exists: &|_, _| false,
    }
}

/// Returns the capabilities that the templates need.
pub(crate) fn capabilities() -> BTreeSet<String> {
    BTreeSet::from(["CAPABILITY_NAMED_IAM".to_owned()])
}
