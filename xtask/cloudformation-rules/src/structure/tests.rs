use serde_json::{Value, json};

use crate::rule::Rule;
use crate::testing::{Request, messages, queue, rules};

fn with_resource(id: &str, entry: Value) -> Request {
    let mut template = json!({ "Resources": {} });
    template["Resources"][id] = entry;
    Request::new(&template)
}

#[test]
fn text_that_is_not_json_is_malformed() {
    assert_eq!(rules(&Request::of_text("{".to_owned())), [Rule::MalformedTemplate]);
}

#[test]
fn template_is_an_object() {
    assert_eq!(rules(&Request::new(&json!([]))), [Rule::UnsupportedStructure]);
}

#[test]
fn template_has_resources() {
    assert_eq!(rules(&Request::new(&json!({}))), [Rule::NoResources]);
    assert_eq!(rules(&Request::new(&json!({ "Resources": {} }))), [Rule::NoResources]);
}

#[test]
fn unknown_section_is_refused() {
    let request = Request::new(&json!({ "Resources": { "Queue": queue() }, "outputs": {}, "Other": 1 }));
    assert_eq!(messages(&request), ["Invalid template property or properties [Other, outputs]"]);
}

#[test]
fn logical_id_is_alphanumeric_and_short() {
    assert_eq!(rules(&with_resource(&"a".repeat(255), queue())), []);
    for id in ["With-dash", "", &"a".repeat(256)] {
        assert_eq!(rules(&with_resource(id, queue())), [Rule::MalformedLogicalId], "{id}");
    }
    let parameter = json!({ "with_underscore": { "Type": "String", "Default": "" } });
    let request = Request::new(&json!({ "Parameters": parameter, "Resources": { "Queue": queue() } }));
    assert_eq!(rules(&request), [Rule::MalformedLogicalId]);
}

#[test]
fn unknown_attribute_of_a_resource_is_refused() {
    let request = with_resource("Queue", json!({ "Type": "AWS::SQS::Queue", "Name": "queue" }));
    assert_eq!(messages(&request), ["Invalid template resource property 'Name'"]);
}

#[test]
fn entry_is_an_object() {
    assert_eq!(rules(&with_resource("Queue", json!("AWS::SQS::Queue"))), [Rule::EntryNotAnObject]);
}

#[test]
fn resource_has_a_type() {
    assert_eq!(rules(&with_resource("Queue", json!({}))), [Rule::MissingResourceType]);
}

#[test]
fn type_exists_in_the_region() {
    let request = with_resource("Queue", json!({ "Type": "AWS::SQS::Quue" }));
    assert_eq!(messages(&request), ["Template format error: Unrecognized resource types: [AWS::SQS::Quue]"]);
    assert_eq!(rules(&with_resource("Thing", json!({ "Type": "Custom::Thing" }))), []);
}

#[test]
fn unknown_types_are_reported_at_once() {
    let thing = |name: &str| json!({ "Type": name });
    let resources = json!({ "A": thing("AWS::A::A"), "B": thing("AWS::B::B"), "C": thing("AWS::A::A") });
    assert_eq!(
        messages(&Request::of_resources(&resources)),
        ["Template format error: Unrecognized resource types: [AWS::A::A, AWS::B::B]"]
    );
}

#[test]
fn format_version_exists() {
    let with = |version: &str| {
        let template = json!({ "AWSTemplateFormatVersion": version, "Resources": { "Queue": queue() } });
        rules(&Request::new(&template))
    };
    assert_eq!(with("2010-09-09"), []);
    assert_eq!(with("2026-01-01"), [Rule::FormatVersion]);
}

#[test]
fn description_has_1024_bytes_at_most() {
    let with = |bytes: usize| {
        let template = json!({ "Description": "a".repeat(bytes), "Resources": { "Queue": queue() } });
        rules(&Request::new(&template))
    };
    assert_eq!(with(1_024), []);
    assert_eq!(with(1_025), [Rule::DescriptionTooLong]);
}

#[test]
fn policy_has_a_known_value() {
    let with = |attribute: &str, value: &str| {
        with_resource("Queue", json!({ "Type": "AWS::SQS::Queue", attribute: value }))
    };
    assert_eq!(rules(&with("DeletionPolicy", "RetainExceptOnCreate")), []);
    assert_eq!(rules(&with("DeletionPolicy", "Keep")), [Rule::UnknownPolicy]);
    assert_eq!(rules(&with("UpdateReplacePolicy", "RetainExceptOnCreate")), [Rule::UnknownPolicy]);
}

#[test]
fn output_has_a_value() {
    let outputs = json!({ "Url": { "Description": "URL." } });
    let request = Request::new(&json!({ "Resources": { "Queue": queue() }, "Outputs": outputs }));
    assert_eq!(rules(&request), [Rule::OutputWithoutValue]);
}

#[test]
fn transform_exists() {
    let with = |transform: Value| {
        Request::new(&json!({ "Transform": transform, "Resources": { "Queue": queue() } }))
    };
    assert_eq!(rules(&with(json!(["AWS::LanguageExtensions"]))), []);
    assert_eq!(rules(&with(json!("Nothing"))), [Rule::UnknownTransform]);
}
