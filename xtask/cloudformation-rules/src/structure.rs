//! The sections of a template and the attributes of its resources.

use serde_json::{Map, Value};

use crate::error::SchemaError;
use crate::provider_schemas::ProviderSchemas;
use crate::rule::Rule;
use crate::violation::Violation;

/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-anatomy.html>
const SECTIONS: &[&str] = &[
    "AWSTemplateFormatVersion",
    "Conditions",
    "Description",
    "Globals",
    "Hooks",
    "Mappings",
    "Metadata",
    "Outputs",
    "Parameters",
    "Resources",
    "Rules",
    "Transform",
];

/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-product-attribute-reference.html>
const RESOURCE_ATTRIBUTES: &[&str] = &[
    "Condition",
    "CreationPolicy",
    "DeletionPolicy",
    "DependsOn",
    "Description",
    "Metadata",
    "Properties",
    "Type",
    "UpdatePolicy",
    "UpdateReplacePolicy",
    "Version",
];

/// The attributes that control what happens to a resource, with their possible values.
const POLICIES: &[(&str, &[&str])] = &[
    ("DeletionPolicy", &["Delete", "Retain", "RetainExceptOnCreate", "Snapshot"]),
    ("UpdateReplacePolicy", &["Delete", "Retain", "Snapshot"]),
];

/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/transform-reference.html>
const TRANSFORMS: &[&str] = &[
    "AWS::CodeDeployBlueGreen",
    "AWS::CodeStar",
    "AWS::Include",
    "AWS::LanguageExtensions",
    "AWS::SecretsManager-2020-07-23",
    "AWS::SecretsManager-2024-09-16",
    "AWS::Serverless-2016-10-31",
    "AWS::ServiceCatalog",
];

/// Types that are not in the registry, or that a transform replaces.
const OTHER_TYPES: &[&str] = &["Custom::", "AWS::CloudFormation::CustomResource", "AWS::Serverless::"];

const MAXIMUM_LOGICAL_ID: usize = 255;
const MAXIMUM_DESCRIPTION_BYTES: usize = 1_024;
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/format-version-structure.html>
const FORMAT_VERSION: &str = "2010-09-09";

/// Returns what is wrong with the structure of a template.
pub(crate) fn check(template: &Value, schemas: &ProviderSchemas) -> Result<Vec<Violation>, SchemaError> {
    let mut violations = Vec::new();
    let unknown: Vec<&str> = keys(template).filter(|key| !SECTIONS.contains(key)).collect();
    if !unknown.is_empty() {
        let message = format!("Invalid template property or properties [{}]", unknown.join(", "));
        violations.push(Violation::of_template(Rule::UnknownSection, message));
    }
    violations.extend(check_header(template));
    if keys(&template["Resources"]).next().is_none() {
        let message = "Template format error: At least one Resources member must be defined.";
        violations.push(Violation::of_template(Rule::NoResources, message));
    }
    for section in ["Resources", "Parameters", "Outputs"] {
        violations.extend(entries(template, section).flat_map(|(id, entry)| check_entry(section, id, entry)));
    }
    violations.extend(transforms(template).filter(|name| !TRANSFORMS.contains(name)).map(|name| {
        let message = format!("No transform named {name} found.");
        Violation { path: "/Transform".to_owned(), ..Violation::of_template(Rule::UnknownTransform, message) }
    }));
    for (id, entry) in entries(template, "Resources") {
        violations.extend(check_attributes(id, entry));
        violations.extend(check_type(id, entry));
    }
    violations.extend(check_types(template, schemas)?);
    violations.extend(
        entries(template, "Outputs")
            .filter(|(_, entry)| entry.is_object() && entry.get("Value").is_none())
            .map(|(id, _)| {
                let message = "Template format error: Every Outputs member must contain a Value object";
                Violation::of_entry(Rule::OutputWithoutValue, "Outputs", id, message)
            }),
    );
    Ok(violations)
}

fn check_entry(section: &str, id: &str, entry: &Value) -> Vec<Violation> {
    let mut violations = Vec::new();
    let is_alphanumeric = !id.is_empty() && id.chars().all(|letter| letter.is_ascii_alphanumeric());
    // `Fn::ForEach::Name` of the transform AWS::LanguageExtensions.
    if id.starts_with("Fn::") {
        return violations;
    }
    let kind = section.trim_end_matches('s');
    if !is_alphanumeric {
        let message = format!("Template format error: {kind} name {id} is non alphanumeric.");
        violations.push(Violation::of_entry(Rule::MalformedLogicalId, section, id, message));
    } else if id.len() > MAXIMUM_LOGICAL_ID {
        let message = format!(
            "Template format error: {kind} name {id} exceeds the maximum length of {MAXIMUM_LOGICAL_ID}"
        );
        violations.push(Violation::of_entry(Rule::MalformedLogicalId, section, id, message));
    }
    if !entry.is_object() {
        let message = format!("Template format error: Every {section} member must be an object.");
        violations.push(Violation::of_entry(Rule::EntryNotAnObject, section, id, message));
    }
    violations
}

fn check_attributes(id: &str, entry: &Value) -> Vec<Violation> {
    let mut violations: Vec<Violation> = keys(entry)
        .filter(|key| !RESOURCE_ATTRIBUTES.contains(key))
        .map(|key| {
            let message = format!("Invalid template resource property '{key}'");
            Violation::of_entry(Rule::UnknownResourceAttribute, "Resources", id, message)
        })
        .collect();
    for (attribute, values) in POLICIES {
        // A transform may allow a function here. Its value is not checked.
        let Some(value) = entry.get(*attribute).and_then(Value::as_str) else { continue };
        if !values.contains(&value) {
            let message =
                format!("Template format error: Unrecognized {attribute} {value} for resource {id}");
            violations.push(Violation::of_entry(Rule::UnknownPolicy, "Resources", id, message));
        }
    }
    violations
}

fn check_type(id: &str, entry: &Value) -> Option<Violation> {
    let is_missing = entry.is_object() && !entry["Type"].is_string() && !id.starts_with("Fn::");
    let message = format!(
        "Template format error: [/Resources/{id}] Every Resources object must contain a Type member."
    );
    is_missing.then(|| Violation::of_entry(Rule::MissingResourceType, "Resources", id, message))
}

/// Returns which types do not exist, which CloudFormation reports at once.
fn check_types(template: &Value, schemas: &ProviderSchemas) -> Result<Option<Violation>, SchemaError> {
    let mut unknown: Vec<(&str, &str)> = Vec::new();
    for (id, entry) in entries(template, "Resources") {
        let Some(name) = entry["Type"].as_str() else { continue };
        let is_known = OTHER_TYPES.iter().any(|prefix| name.starts_with(prefix))
            || name.ends_with("::MODULE")
            || schemas.schema(name)?.is_some();
        if !is_known && unknown.iter().all(|(_, other)| *other != name) {
            unknown.push((id, name));
        }
    }
    let names: Vec<&str> = unknown.iter().map(|(_, name)| *name).collect();
    let message = format!("Template format error: Unrecognized resource types: [{}]", names.join(", "));
    let first = unknown.first();
    Ok(first.map(|(id, _)| Violation::of_entry(Rule::UnknownResourceType, "Resources", id, message)))
}

fn check_header(template: &Value) -> Vec<Violation> {
    let version = template.get("AWSTemplateFormatVersion").filter(|version| *version != FORMAT_VERSION);
    let version = version.map(|_| {
        let message = "Template format error: unsupported value for AWSTemplateFormatVersion.";
        Violation::of_template(Rule::FormatVersion, message)
    });
    let description = template["Description"].as_str().map_or(0, str::len);
    let is_too_long = description > MAXIMUM_DESCRIPTION_BYTES;
    let description = is_too_long.then(|| {
        let message = format!(
            "Template format error: 'Description' length is greater than {MAXIMUM_DESCRIPTION_BYTES}."
        );
        Violation::of_template(Rule::DescriptionTooLong, message)
    });
    version.into_iter().chain(description).collect()
}

fn keys(value: &Value) -> impl Iterator<Item = &str> {
    value.as_object().into_iter().flat_map(Map::keys).map(String::as_str)
}

fn entries<'a>(template: &'a Value, section: &str) -> impl Iterator<Item = (&'a str, &'a Value)> {
    template[section].as_object().into_iter().flatten().map(|(id, entry)| (id.as_str(), entry))
}

fn transforms(template: &Value) -> impl Iterator<Item = &str> {
    let transform = &template["Transform"];
    transform
        .as_array()
        .map_or(std::slice::from_ref(transform), Vec::as_slice)
        .iter()
        .filter_map(Value::as_str)
}

#[cfg(test)]
mod tests;
