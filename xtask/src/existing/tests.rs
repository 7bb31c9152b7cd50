use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::names::{Finder, NAMED, Name, new_names};

/// Types without a name that only one resource can have.
const UNNAMED: [&str; 6] = [
    // Several APIs may have one name; a stage is named within its API.
    "AWS::ApiGatewayV2::Api",
    "AWS::ApiGatewayV2::Stage",
    "AWS::Lambda::EventSourceMapping",
    // These belong to a function, a log group, a bucket; for the last, see `existing::bucket`.
    "AWS::Lambda::Permission",
    "AWS::Logs::SubscriptionFilter",
    "AWS::S3::BucketPolicy",
];

fn templates() -> Vec<Value> {
    let template = |name: &String| {
        let environment = crate::environment::load(name).unwrap();
        crate::render::preview(&environment).unwrap().to_value()
    };
    crate::environment::names().unwrap().iter().map(template).collect()
}

/// A type in neither table would not be looked for before it is created.
#[test]
fn every_resource_type_is_known_to_have_a_name_or_none() {
    let templates = templates();
    let resources = templates.iter().flat_map(|template| template["Resources"].as_object().unwrap().values());
    let deployed: BTreeSet<&str> = resources.map(|resource| resource["Type"].as_str().unwrap()).collect();
    let named = NAMED.iter().map(|(resource_type, ..)| *resource_type);
    let known: BTreeSet<&str> = named.chain(UNNAMED).collect();
    assert!(deployed.is_subset(&known), "{:?}", deployed.difference(&known).collect::<Vec<_>>());
}

/// Each is found by its place in the properties; no function or queue is without a name.
#[test]
fn names_of_every_named_resource_are_found() {
    for template in templates() {
        let facts: BTreeMap<String, String> = template["Parameters"]
            .as_object()
            .unwrap()
            .keys()
            .map(|parameter| (parameter.clone(), format!("value-of-{parameter}")))
            .collect();
        let names = new_names(None, &template, &facts);
        for (id, resource) in template["Resources"].as_object().unwrap() {
            let resource_type = resource["Type"].as_str().unwrap();
            // Those of a role are AWS's; a distribution may have no domain of its own.
            let may_lack = ["AWS::IAM::Role", "AWS::CloudFront::Distribution"].contains(&resource_type);
            if !UNNAMED.contains(&resource_type) && !may_lack {
                assert!(names.iter().any(|name| name.resource == *id), "{id} ({resource_type})");
            }
        }
    }
}

fn name(resource: &str, resource_type: &str, value: &str, finder: Finder) -> Name {
    Name {
        resource: resource.to_owned(),
        resource_type: resource_type.to_owned(),
        value: value.to_owned(),
        finder,
    }
}

#[test]
fn only_names_that_are_not_deployed_are_new() {
    let queue = |name: &str| json!({ "Type": "AWS::SQS::Queue", "Properties": { "QueueName": name } });
    let deployed = json!({ "Resources": { "Kept": queue("kept"), "Renamed": queue("old") } });
    let proposed = json!({ "Resources": {
        "Kept": queue("kept"),
        "Renamed": queue("new"),
        "Mapping": { "Type": "AWS::ApiGatewayV2::ApiMapping", "Properties": {
            "ApiMappingKey": "packages", "DomainName": { "Ref": "ApiDomain" },
        }},
    }});
    let facts = BTreeMap::from([("ApiDomain".to_owned(), "api.example".to_owned())]);
    assert_eq!(
        new_names(Some(&deployed), &proposed, &facts),
        [
            name("Mapping", "AWS::ApiGatewayV2::ApiMapping", "api.example/packages", Finder::ApiMapping),
            name("Renamed", "AWS::SQS::Queue", "new", Finder::Queue),
        ]
    );
}
