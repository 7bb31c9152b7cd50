//! Checks a request in the order in which AWS does.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::error::SchemaError;
use crate::provider_schemas::ProviderSchemas;
use crate::replacements::replaced;
use crate::request::ChangeSetRequest;
use crate::resolve::Surroundings;
use crate::rule::Rule;
use crate::template::Template;
use crate::violation::Violation;
use crate::{capabilities, cycles, limits, names, parameters, properties, references, services, structure};

/// What the checks of resources need.
pub(crate) struct Context<'a> {
    pub(crate) schemas: &'a ProviderSchemas,
    pub(crate) request: &'a ChangeSetRequest<'a>,
    pub(crate) template: &'a Template<'a>,
    pub(crate) deployed: Option<&'a Template<'a>>,
}

impl<'a> Context<'a> {
    /// Returns the logical ids of the resources that are replaced.
    pub(crate) fn replaced(&self) -> Result<BTreeSet<&'a str>, SchemaError> {
        self.deployed
            .map_or_else(|| Ok(BTreeSet::new()), |deployed| replaced(self.schemas, deployed, self.template))
    }
}

impl ProviderSchemas {
    /// Returns the violations for which AWS would reject a request to create a change set.
    ///
    /// If the request itself is rejected, only its violations are returned, since AWS checks nothing else.
    pub fn check(&self, request: &ChangeSetRequest<'_>) -> Result<Vec<Violation>, SchemaError> {
        if let Some(violation) = limits::check_size(request.template_text, request.by_url) {
            return Ok(vec![violation]);
        }
        let template = match parse(request.template_text) {
            Ok(template) => template,
            Err(violation) => return Ok(vec![violation]),
        };
        let violations = self.check_request(&template, request)?;
        if !violations.is_empty() {
            return Ok(violations);
        }
        let surroundings = Surroundings {
            region: self.region(),
            account_id: request.account_id,
            stack_name: request.stack_name,
        };
        let resolved = Template::new(&template, request.parameters, surroundings);
        if let Some(violation) = references::check_omitted(&template, &resolved) {
            return Ok(vec![violation]);
        }
        let deployed =
            request.deployed.map(|version| Template::new(version.template, version.parameters, surroundings));
        let context = Context { schemas: self, request, template: &resolved, deployed: deployed.as_ref() };
        let mut violations = properties::check(&resolved, self)?;
        violations.extend(names::check(&context)?);
        violations.extend(services::check(&context));
        Ok(violations)
    }

    fn check_request(
        &self,
        template: &Value,
        request: &ChangeSetRequest<'_>,
    ) -> Result<Vec<Violation>, SchemaError> {
        let mut violations = structure::check(template, self)?;
        violations.extend(limits::check_sections(template));
        violations.extend(parameters::check(template, request.parameters));
        violations.extend(references::check(template, self)?);
        violations.extend(cycles::check(template));
        violations.extend(capabilities::check(template, request.capabilities));
        violations.extend(request.deployed.and_then(|deployed| changed_types(template, deployed.template)));
        Ok(violations)
    }
}

/// Reads a template. CloudFormation reads YAML too, but no template of ours is YAML.
fn parse(text: &str) -> Result<Value, Violation> {
    let template: Value = serde_json::from_str(text).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        let message = format!("Template format error: JSON not well-formed. (line {line}, column {column})");
        Violation::of_template(Rule::MalformedTemplate, message)
    })?;
    if template.is_object() {
        Ok(template)
    } else {
        let message = "Template format error: unsupported structure.";
        Err(Violation::of_template(Rule::UnsupportedStructure, message))
    }
}

/// Returns which resources have another type than the deployed ones.
fn changed_types(template: &Value, deployed: &Value) -> Option<Violation> {
    let resources = template["Resources"].as_object()?;
    let changed: Vec<&str> = resources
        .iter()
        .filter(|(id, entry)| {
            let before = &deployed["Resources"][id.as_str()]["Type"];
            !before.is_null() && *before != entry["Type"]
        })
        .map(|(id, _)| id.as_str())
        .collect();
    let message = format!(
        "Update of resource type is not permitted. The new template modifies resource type of the following resources: \
         [{}]",
        changed.join(", ")
    );
    Some(Violation::of_entry(Rule::ResourceTypeChanged, "Resources", changed.first()?, message))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::{Request, messages, queue, role};

    #[test]
    fn resource_keeps_its_type() {
        let deployed = json!({ "Resources": { "Thing": queue(), "Other": queue() } });
        let updated = json!({ "Resources": { "Thing": role(), "Other": queue() } });
        let request = Request { deployed: Some(deployed), ..Request::new(&updated) };
        assert_eq!(
            messages(&request),
            [
                "Update of resource type is not permitted. The new template modifies resource type of the following \
                 resources: [Thing]"
            ]
        );
    }
}
