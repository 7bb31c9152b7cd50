//! The resource provider schemas.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use cloudformation_rules::{Handler, ProviderSchemas, SchemaError};
use fancy_regex::Regex;
use serde_json::Value;

use super::support::{schema_directory, schemas, template_of_dev};

#[test]
fn handlers_have_permissions() {
    let permissions =
        schemas().handler_permissions("AWS::Lambda::Function", Handler::Create).unwrap().unwrap();
    assert!(permissions.iter().any(|permission| permission == "lambda:CreateFunction"), "{permissions:?}");
    assert!(schemas().handler_permissions("AWS::Lambda::Permission", Handler::Delete).unwrap().is_some());
    assert!(schemas().handler_permissions("AWS::Lambda::Permission", Handler::Update).unwrap().is_none());
    assert!(schemas().handler_permissions("AWS::Nothing::Here", Handler::Create).unwrap().is_none());
}

#[test]
fn unknown_region_is_an_error() {
    let error = ProviderSchemas::load(schema_directory(), "nowhere").unwrap_err();
    assert!(matches!(error, SchemaError::Unreadable { .. }), "{error}");
}

/// A pattern that cannot be read matches anything, so nothing else would report it.
#[test]
fn patterns_of_the_types_of_this_repository_can_be_read() {
    let directory = schema_directory();
    let providers = fs::read_to_string(directory.join("providers/us-east-1.json")).unwrap();
    let hashes: BTreeMap<String, String> = serde_json::from_str(&providers).unwrap();
    let template = template_of_dev();
    let resources = template["Resources"].as_object().unwrap();
    let types: BTreeSet<&str> = resources.values().map(|entry| entry["Type"].as_str().unwrap()).collect();
    let mut patterns = BTreeSet::new();
    for resource_type in types {
        let file = directory.join("resources").join(format!("{}.json", hashes[resource_type]));
        let schema: Value = serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap();
        collect_patterns(&schema, &mut patterns);
    }
    let unreadable: Vec<&String> = patterns.iter().filter(|pattern| Regex::new(pattern).is_err()).collect();
    assert_eq!(unreadable, [""; 0]);
}

fn collect_patterns(schema: &Value, patterns: &mut BTreeSet<String>) {
    match schema {
        Value::Array(items) => items.iter().for_each(|item| collect_patterns(item, patterns)),
        Value::Object(members) => {
            for (key, member) in members {
                if let ("pattern", Some(pattern)) = (key.as_str(), member.as_str()) {
                    patterns.insert(pattern.to_owned());
                }
                collect_patterns(member, patterns);
            }
        }
        _ => {}
    }
}
