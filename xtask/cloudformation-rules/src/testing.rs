//! Requests for tests, and a small directory of resource provider schemas.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::LazyLock;

use serde_json::{Value, json};

use crate::provider_schemas::ProviderSchemas;
use crate::request::{ChangeSetRequest, ParameterValue, TemplateVersion};
use crate::rule::Rule;
use crate::violation::Violation;

/// A request with owned values.
pub(crate) struct Request {
    pub(crate) text: String,
    pub(crate) by_url: bool,
    pub(crate) parameters: BTreeMap<String, ParameterValue>,
    pub(crate) capabilities: BTreeSet<String>,
    pub(crate) deployed: Option<Value>,
    pub(crate) import_existing: bool,
    /// The types and names of existing resources.
    pub(crate) existing: Vec<(&'static str, &'static str)>,
}

impl Request {
    pub(crate) fn of_text(text: String) -> Self {
        Self {
            text,
            by_url: false,
            parameters: BTreeMap::new(),
            capabilities: BTreeSet::from(["CAPABILITY_NAMED_IAM".to_owned()]),
            deployed: None,
            import_existing: false,
            existing: Vec::new(),
        }
    }

    pub(crate) fn new(template: &Value) -> Self {
        Self::of_text(template.to_string())
    }

    /// Returns a request for a template with these resources.
    pub(crate) fn of_resources(resources: &Value) -> Self {
        Self::new(&json!({ "Resources": resources }))
    }

    /// Returns a request that updates one template to another.
    pub(crate) fn of_update(deployed: &Value, updated: &Value) -> Self {
        let deployed = Some(json!({ "Resources": deployed }));
        Self { deployed, ..Self::of_resources(updated) }
    }
}

/// Returns the schemas of the directory `fixtures/schemas`.
pub(crate) fn schemas() -> &'static ProviderSchemas {
    static SCHEMAS: LazyLock<ProviderSchemas> = LazyLock::new(|| {
        let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/schemas");
        ProviderSchemas::load(&directory, "us-east-1").unwrap()
    });
    &SCHEMAS
}

pub(crate) fn violations(request: &Request) -> Vec<Violation> {
    let exists = |resource_type: &str, name: &str| request.existing.contains(&(resource_type, name));
    let none = BTreeMap::new();
    let deployed = request.deployed.as_ref();
    let request = ChangeSetRequest {
        template_text: &request.text,
        by_url: request.by_url,
        parameters: &request.parameters,
        capabilities: &request.capabilities,
        deployed: deployed.map(|template| TemplateVersion { template, parameters: &none }),
        import_existing: request.import_existing,
        stack_name: "stack",
        account_id: "123456789012",
        exists: &exists,
    };
    schemas().check(&request).unwrap()
}

pub(crate) fn rules(request: &Request) -> Vec<Rule> {
    violations(request).into_iter().map(|violation| violation.rule).collect()
}

pub(crate) fn messages(request: &Request) -> Vec<String> {
    violations(request).into_iter().map(|violation| violation.message).collect()
}

/// Returns a valid resource.
pub(crate) fn queue() -> Value {
    json!({ "Type": "AWS::SQS::Queue" })
}

/// Returns a valid role.
pub(crate) fn role() -> Value {
    let trust = json!({ "Effect": "Allow", "Action": "sts:AssumeRole", "Principal": { "Service": "lambda.amazonaws.com" } });
    let properties = json!({ "AssumeRolePolicyDocument": { "Version": "2012-10-17", "Statement": [trust] } });
    json!({ "Type": "AWS::IAM::Role", "Properties": properties })
}
