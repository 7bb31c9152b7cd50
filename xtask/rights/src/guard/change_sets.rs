//! Checks whether AWS would reject a change set.

use std::collections::{BTreeMap, BTreeSet};

use cloudformation_rules::{
    ChangeSetRequest, ParameterValue, ProviderSchemas, SchemaError, Stage, TemplateVersion, Validation,
    Violation,
};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::identity::ACCOUNT;

/// A request to create a change set, as the emulator's shim describes it.
#[derive(Debug, Deserialize)]
struct Requested {
    stack: String,
    /// The text of the template.
    template: String,
    by_url: bool,
    parameters: BTreeMap<String, Parameter>,
    capabilities: BTreeSet<String>,
    deployed: Option<Deployed>,
    import_existing: bool,
    /// The custom names that exist, by type of resource.
    existing: BTreeMap<String, BTreeSet<String>>,
}

#[derive(Debug, Deserialize)]
struct Parameter {
    value: String,
    resolved: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Deployed {
    template: Json,
    parameters: BTreeMap<String, Parameter>,
}

/// What AWS does with a change set.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Verdict {
    /// The response, if the request is rejected.
    error: Option<RequestError>,
    /// The status reason, if the change set fails.
    failure: Option<String>,
    /// Why it fails.
    violations: Vec<FailedValidation>,
    /// Why resources fail while the stack changes, by logical ID.
    resources: BTreeMap<String, String>,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
struct RequestError {
    code: &'static str,
    message: String,
}

/// A validation before the deployment, as DescribeEvents returns it:
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_OperationEvent.html>.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct FailedValidation {
    logical_id: String,
    path: String,
    validation: &'static str,
    message: String,
}

/// Why a question cannot be answered.
#[derive(Debug, thiserror::Error)]
pub(super) enum JudgeError {
    #[error("the guard cannot read the question: {0}")]
    Question(#[from] serde_json::Error),
    #[error(transparent)]
    Schema(#[from] SchemaError),
}

impl Verdict {
    /// Returns what AWS does with a change set that the emulator asks about.
    pub(super) fn of(schemas: &ProviderSchemas, question: &[u8]) -> Result<Self, JudgeError> {
        let question: Requested = serde_json::from_slice(question)?;
        let parameters = values(question.parameters);
        let deployed = question.deployed.map(|deployed| (deployed.template, values(deployed.parameters)));
        let exists = |resource_type: &str, name: &str| {
            question.existing.get(resource_type).is_some_and(|names| names.contains(name))
        };
        let request = ChangeSetRequest {
            template_text: &question.template,
            by_url: question.by_url,
            parameters: &parameters,
            capabilities: &question.capabilities,
            deployed: deployed
                .as_ref()
                .map(|(template, parameters)| TemplateVersion { template, parameters }),
            import_existing: question.import_existing,
            stack_name: &question.stack,
            account_id: ACCOUNT,
            exists: &exists,
        };
        let violations = schemas.check(&request)?;
        for violation in &violations {
            let stack = &question.stack;
            tracing::warn!(target: machine::ACTIVITY, "refused in a change set of {stack}: {violation}");
        }
        Ok(Self::new(violations))
    }

    /// Returns the verdict of a question that cannot be answered.
    pub(super) fn unavailable(error: &JudgeError) -> Self {
        let message = error.to_string();
        Self { error: Some(RequestError { code: "InternalFailure", message }), ..Self::default() }
    }

    fn new(violations: Vec<Violation>) -> Self {
        let mut verdict = Self::default();
        let mut failed = BTreeSet::new();
        for violation in violations {
            let rule = violation.rule;
            let logical_id = violation.logical_id.unwrap_or_default();
            match (rule.stage(), rule.validation()) {
                (Stage::Request, _) => {
                    verdict
                        .error
                        .get_or_insert(RequestError { code: rule.error_code(), message: violation.message });
                }
                (Stage::ChangeSet, Some(validation)) => {
                    failed.insert(validation);
                    let validation = validation.event();
                    let (path, message) = (violation.path, violation.message);
                    verdict.violations.push(FailedValidation { logical_id, path, validation, message });
                }
                (Stage::ChangeSet, None) => {
                    verdict.failure.get_or_insert(violation.message);
                }
                (Stage::Resource, _) => {
                    verdict.resources.entry(logical_id).or_insert(violation.message);
                }
            }
        }
        if !failed.is_empty() {
            let failed: Vec<&str> = failed.into_iter().map(Validation::hook).collect();
            verdict.failure.get_or_insert(status_reason(&failed));
        }
        verdict
    }
}

fn values(parameters: BTreeMap<String, Parameter>) -> BTreeMap<String, ParameterValue> {
    let value = |Parameter { value, resolved }| ParameterValue { value, resolved };
    parameters.into_iter().map(|(name, parameter)| (name, value(parameter))).collect()
}

/// Returns the status reason of a change set that fails: <https://github.com/aws-cloudformation/rain/pull/744>.
fn status_reason(failed: &[&str]) -> String {
    format!(
        "The following hook(s)/validation failed: [{}]. To troubleshoot Early Validation errors, use the DescribeEvents \
         API for detailed failure information.",
        failed.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use cloudformation_rules::Rule;

    use super::*;

    fn violation(rule: Rule, id: &str, message: &str) -> Violation {
        Violation {
            logical_id: Some(id.to_owned()),
            path: format!("/Resources/{id}"),
            rule,
            message: message.to_owned(),
        }
    }

    #[test]
    fn request_is_refused_with_the_first_reason() {
        let violations = vec![
            violation(Rule::MissingCapability, "Role", "Requires capabilities : [CAPABILITY_IAM]"),
            violation(Rule::UnknownPolicy, "Role", "another reason"),
        ];
        let message = "Requires capabilities : [CAPABILITY_IAM]".to_owned();
        let error = RequestError { code: "InsufficientCapabilitiesException", message };
        assert_eq!(Verdict::new(violations), Verdict { error: Some(error), ..Verdict::default() });
    }

    #[test]
    fn change_set_fails_with_the_names_of_the_validations() {
        let violations = vec![
            violation(Rule::UnknownProperty, "Queue", "a reason"),
            violation(Rule::NameConflict, "Bucket", "another reason"),
        ];
        let verdict = Verdict::new(violations);
        let names =
            "[AWS::EarlyValidation::PropertyValidation, AWS::EarlyValidation::ResourceExistenceCheck]";
        assert!(verdict.failure.unwrap().contains(names));
        let validations: Vec<&str> = verdict.violations.iter().map(|failed| failed.validation).collect();
        assert_eq!(validations, ["PROPERTY_VALIDATION", "NAME_CONFLICT_VALIDATION"]);
    }

    #[test]
    fn service_refuses_a_resource_with_its_first_reason() {
        let violations = vec![
            violation(Rule::RolePolicySize, "Role", "a reason"),
            violation(Rule::RolePolicy, "Role", "another reason"),
        ];
        let resources = BTreeMap::from([("Role".to_owned(), "a reason".to_owned())]);
        assert_eq!(Verdict::new(violations), Verdict { resources, ..Verdict::default() });
    }
}
