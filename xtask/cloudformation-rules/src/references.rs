//! References: each one resolves.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::error::SchemaError;
use crate::intrinsics::{FUNCTIONS, Reference, visit};
use crate::provider_schemas::ProviderSchemas;
use crate::resolve::PSEUDO_PARAMETERS;
use crate::resource_schema::ResourceSchema;
use crate::rule::Rule;
use crate::template::Template;
use crate::violation::Violation;

/// Types with attributes that their schemas do not list as read-only.
///
/// These are the types in cfn-lint's list `_all_property_types` that a service like this one may have:
/// <https://github.com/aws-cloudformation/cfn-lint/blob/main/src/cfnlint/schema/_getatts.py>.
const ALL_PROPERTIES: &[&str] = &["AWS::SNS::Topic", "AWS::SQS::Queue", "AWS::SSM::Parameter"];

/// Prefixes of types with attributes that no schema lists, such as custom resources.
const ANY_ATTRIBUTE: &[&str] =
    &["AWS::CloudFormation::", "AWS::Serverless::", "AWS::ServiceCatalog::", "Custom::"];

/// A resource or output that refers to something.
struct Place<'a> {
    section: &'static str,
    id: &'a str,
    pointer: String,
}

/// Returns which references of a template do not resolve.
///
/// CloudFormation reports names that do not resolve once for each section.
pub(crate) fn check(template: &Value, schemas: &ProviderSchemas) -> Result<Vec<Violation>, SchemaError> {
    let mut violations = Vec::new();
    for section in ["Resources", "Outputs"] {
        let mut unresolved: BTreeMap<&str, Place<'_>> = BTreeMap::new();
        for (place, reference) in references(template, section) {
            match reference {
                Reference::Name(name) if !is_name(template, name) => {
                    unresolved.entry(name).or_insert(place);
                }
                Reference::Name(_) => {}
                Reference::Condition(name) => violations.extend(check_condition(template, name, &place)),
                Reference::Attribute { resource, attribute } => {
                    violations.extend(check_attribute(template, schemas, resource, attribute, &place)?);
                }
                Reference::MalformedAttribute => violations.push(at(
                    &place,
                    Rule::MalformedAttribute,
                    "Template error: every Fn::GetAtt object requires two non-empty parameters, the resource name \
                     and the resource attribute"
                        .to_owned(),
                )),
                Reference::UnknownFunction(name) => violations.push(at(
                    &place,
                    Rule::UnknownFunction,
                    format!(
                        "Template format error: Encountered unsupported function: {name} Supported functions are: [{}]",
                        FUNCTIONS.join(", ")
                    ),
                )),
            }
        }
        let names: Vec<&str> = unresolved.keys().copied().collect();
        violations.extend(unresolved.values().next().map(|first| unresolved_names(&names, first)));
    }
    violations.extend(check_conditions(template));
    Ok(violations)
}

/// Returns which references in the conditions do not lead to parameters.
///
/// <https://github.com/aws-samples/aws-refarch-moodle/pull/64>
fn check_conditions(template: &Value) -> Option<Violation> {
    let conditions = references(template, "Conditions");
    let mut wrong = conditions.into_iter().filter_map(|(place, reference)| match reference {
        Reference::Name(name) | Reference::Attribute { resource: name, .. } => {
            let is_parameter =
                template["Parameters"].get(name).is_some() || PSEUDO_PARAMETERS.contains(&name);
            (!is_parameter).then_some((place, name))
        }
        _ => None,
    });
    let (place, name) = wrong.next()?;
    let message = format!(
        "Template format error: Unresolved dependencies [{name}]. Cannot reference resources in the Conditions block \
         of the template"
    );
    Some(at(&place, Rule::UnresolvedDependency, message))
}

/// Returns which references lead to resources that are not created because their condition is false.
pub(crate) fn check_omitted(json: &Value, template: &Template<'_>) -> Option<Violation> {
    let is_omitted =
        |name: &str| json["Resources"].get(name).is_some() && !template.resources.contains_key(name);
    let mut unresolved: BTreeMap<String, Place<'_>> = BTreeMap::new();
    for (id, resource) in &template.resources {
        let pointer = format!("/Resources/{id}/Properties");
        visit(&pointer, &resource.properties, &mut |pointer, reference| {
            if let Reference::Name(name) | Reference::Attribute { resource: name, .. } = reference
                && is_omitted(name)
            {
                let place = Place { section: "Resources", id, pointer: pointer.to_owned() };
                unresolved.entry(name.to_owned()).or_insert(place);
            }
        });
    }
    let names: Vec<&str> = unresolved.keys().map(String::as_str).collect();
    Some(unresolved_names(&names, unresolved.values().next()?))
}

/// Returns the names of the resources that each resource depends on.
pub(crate) fn dependencies(template: &Value) -> BTreeMap<&str, BTreeSet<&str>> {
    let mut dependencies: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (place, reference) in references(template, "Resources") {
        if let Reference::Name(target) | Reference::Attribute { resource: target, .. } = reference
            && template["Resources"].get(target).is_some()
        {
            dependencies.entry(place.id).or_default().insert(target);
        }
    }
    dependencies
}

fn references<'a>(template: &'a Value, section: &'static str) -> Vec<(Place<'a>, Reference<'a>)> {
    let mut references = Vec::new();
    for (id, entry) in template[section].as_object().into_iter().flatten() {
        let pointer = format!("/{section}/{id}");
        visit(&pointer, entry, &mut |pointer, reference| {
            references.push((Place { section, id, pointer: pointer.to_owned() }, reference));
        });
        let place = |attribute: &str| Place { section, id, pointer: format!("{pointer}/{attribute}") };
        let depends_on = &entry["DependsOn"];
        let depends_on = depends_on.as_array().map_or(std::slice::from_ref(depends_on), Vec::as_slice);
        references.extend(
            depends_on
                .iter()
                .filter_map(Value::as_str)
                .map(|name| (place("DependsOn"), Reference::Name(name))),
        );
        let condition = entry["Condition"].as_str();
        references.extend(condition.map(|name| (place("Condition"), Reference::Condition(name))));
    }
    references
}

fn unresolved_names(names: &[&str], first: &Place<'_>) -> Violation {
    let (names, section) = (names.join(", "), first.section);
    let message = format!(
        "Template format error: Unresolved resource dependencies [{names}] in the {section} block of the template"
    );
    at(first, Rule::UnresolvedDependency, message)
}

fn is_name(template: &Value, name: &str) -> bool {
    template["Resources"].get(name).is_some()
        || template["Parameters"].get(name).is_some()
        || PSEUDO_PARAMETERS.contains(&name)
}

fn check_condition(template: &Value, name: &str, place: &Place<'_>) -> Option<Violation> {
    let section = place.section;
    let message = format!(
        "Template format error: Unresolved condition dependency {name} in the {section} block of the template"
    );
    template["Conditions"].get(name).is_none().then(|| at(place, Rule::UnresolvedCondition, message))
}

fn check_attribute(
    template: &Value,
    schemas: &ProviderSchemas,
    resource: &str,
    attribute: &str,
    place: &Place<'_>,
) -> Result<Option<Violation>, SchemaError> {
    let Some(target) = template["Resources"].get(resource) else {
        let message =
            format!("Template error: instance of Fn::GetAtt references undefined resource {resource}");
        return Ok(Some(at(place, Rule::UndefinedResource, message)));
    };
    let Some(resource_type) = target["Type"].as_str() else { return Ok(None) };
    if ANY_ATTRIBUTE.iter().any(|prefix| resource_type.starts_with(prefix)) {
        return Ok(None);
    }
    let Some(schema) = schemas.schema(resource_type)? else { return Ok(None) };
    let message = format!(
        "Template error: resource {resource} does not support attribute type {attribute} in Fn::GetAtt"
    );
    Ok((!has_attribute(schema, resource_type, attribute))
        .then(|| at(place, Rule::UnsupportedAttribute, message)))
}

fn has_attribute(schema: &ResourceSchema, resource_type: &str, attribute: &str) -> bool {
    let is_returned = schema.read_only().any(|path| {
        let name = path.attribute();
        // A returned object has returned members.
        name == attribute || attribute.strip_prefix(&name).is_some_and(|rest| rest.starts_with('.'))
    });
    is_returned || (ALL_PROPERTIES.contains(&resource_type) && schema.has_property(attribute))
}

fn at(place: &Place<'_>, rule: Rule, message: String) -> Violation {
    Violation { logical_id: Some(place.id.to_owned()), path: place.pointer.clone(), rule, message }
}

#[cfg(test)]
mod tests;
