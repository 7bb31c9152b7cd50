//! Names of resources and outputs.

use std::collections::BTreeSet;

use serde_json::Value as Json;

use super::{template, two_keys};
use crate::environment::testing::{environment, environments};
use crate::{Environment, OutputName};

/// Collects all texts of a document with their paths.
fn texts(place: &str, json: &Json, found: &mut Vec<(String, String)>) {
    match json {
        Json::String(text) => found.push((place.to_owned(), text.clone())),
        Json::Array(items) => items.iter().for_each(|item| texts(place, item, found)),
        Json::Object(members) => {
            for (name, member) in members {
                texts(&format!("{place}.{name}"), member, found);
            }
        }
        _ => {}
    }
}

/// A name without the suffix would collide with an installation that has no suffix.
#[test]
fn suffix_ends_every_name() {
    for environment in environments() {
        let mut suffixed = environment.clone();
        suffixed.suffix = Some("v2".parse().unwrap());
        let names = |environment: &Environment| {
            let json = template(environment, &two_keys()).to_value();
            let mut found = Vec::new();
            texts("", &json["Resources"], &mut found);
            let is_name = |(place, _): &(String, String)| {
                let property = place.rsplit('.').next().unwrap_or_default();
                ["Name", "CallerReference", "ApiMappingKey"].iter().any(|end| property.ends_with(end))
                    && !place.contains(".Dimensions.")
            };
            found.retain(is_name);
            found
        };
        let (before, after) = (names(&environment), names(&suffixed));
        assert_eq!(before.len(), after.len());
        let unchanged: BTreeSet<&str> = before
            .iter()
            .zip(&after)
            .filter(|(before, after)| after.1 != format!("{}-v2", before.1))
            .map(|(before, _)| before.0.rsplit('.').next().unwrap())
            .collect();
        // Metrics have names of AWS; the name of a policy is unique within its role, that of a stage within its API.
        let expected = ["MetricName", "PolicyName", "StageName"];
        assert_eq!(unchanged.into_iter().collect::<Vec<_>>(), expected, "{}", environment.name);
    }
}

#[test]
fn every_output_is_in_a_template() {
    let given: BTreeSet<String> = ["local", "prod"]
        .into_iter()
        .flat_map(|name| {
            let json = template(&environment(name), &two_keys()).to_value();
            json["Outputs"].as_object().unwrap().keys().cloned().collect::<Vec<_>>()
        })
        .collect();
    let declared: BTreeSet<String> = OutputName::ALL.iter().map(ToString::to_string).collect();
    assert_eq!(given, declared);
}
