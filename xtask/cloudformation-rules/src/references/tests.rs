use serde_json::{Value, json};

use crate::rule::Rule;
use crate::testing::{Request, messages, queue, rules};

fn with_name(name: &Value) -> Request {
    let user = json!({ "Type": "AWS::SQS::Queue", "Properties": { "QueueName": name } });
    Request::new(&json!({ "Resources": { "User": user, "Queue": queue() } }))
}

#[test]
fn references_to_resources_and_pseudo_parameters_resolve() {
    for name in [
        json!({ "Ref": "Queue" }),
        json!({ "Ref": "AWS::StackName" }),
        json!({ "Fn::GetAtt": ["Queue", "Arn"] }),
        json!({ "Fn::GetAtt": "Queue.QueueName" }),
        json!({ "Fn::Sub": "${Queue}-${Queue.Arn}-${AWS::Region}-${!Literal}" }),
        json!({ "Fn::Sub": ["${variable}", { "variable": { "Ref": "Queue" } }] }),
    ] {
        assert_eq!(rules(&with_name(&name)), [], "{name}");
    }
}

#[test]
fn reference_to_nothing_is_refused() {
    for name in [json!({ "Ref": "Nothing" }), json!({ "Fn::Sub": "${Nothing}" })] {
        assert_eq!(
            messages(&with_name(&name)),
            [
                "Template format error: Unresolved resource dependencies [Nothing] in the Resources block of the \
                 template"
            ]
        );
    }
}

#[test]
fn dependency_on_nothing_is_refused() {
    let user = json!({ "Type": "AWS::SQS::Queue", "DependsOn": ["Queue", "Nothing"] });
    let request = Request::new(&json!({ "Resources": { "User": user, "Queue": queue() } }));
    assert_eq!(rules(&request), [Rule::UnresolvedDependency]);
}

#[test]
fn output_refers_to_something() {
    let outputs = json!({ "Url": { "Value": { "Ref": "Nothing" } } });
    let request = Request::new(&json!({ "Resources": { "Queue": queue() }, "Outputs": outputs }));
    assert_eq!(
        messages(&request),
        [
            "Template format error: Unresolved resource dependencies [Nothing] in the Outputs block of the template"
        ]
    );
}

#[test]
fn attribute_of_nothing_is_refused() {
    for name in [json!({ "Fn::GetAtt": ["Nothing", "Arn"] }), json!({ "Fn::Sub": "${Nothing.Arn}" })] {
        assert_eq!(
            messages(&with_name(&name)),
            ["Template error: instance of Fn::GetAtt references undefined resource Nothing"]
        );
    }
}

#[test]
fn attribute_is_returned_by_the_type() {
    assert_eq!(
        messages(&with_name(&json!({ "Fn::GetAtt": ["Queue", "Color"] }))),
        ["Template error: resource Queue does not support attribute type Color in Fn::GetAtt"]
    );
}

#[test]
fn attribute_names_a_resource_and_an_attribute() {
    assert_eq!(rules(&with_name(&json!({ "Fn::GetAtt": ["Queue"] }))), [Rule::MalformedAttribute]);
}

#[test]
fn function_exists() {
    assert_eq!(rules(&with_name(&json!({ "Fn::Concat": ["a", "b"] }))), [Rule::UnknownFunction]);
}

#[test]
fn condition_exists() {
    let conditional = json!({ "Type": "AWS::SQS::Queue", "Condition": "Nothing" });
    let request = Request::new(&json!({ "Resources": { "Queue": conditional } }));
    assert_eq!(rules(&request), [Rule::UnresolvedCondition]);
    let name = json!({ "Fn::If": ["Nothing", "a", "b"] });
    assert_eq!(rules(&with_name(&name)), [Rule::UnresolvedCondition]);
}

/// CloudFormation rejects a reference to a resource with a false condition:
/// <https://github.com/aws-solutions/media-insights-on-aws/issues/145>.
#[test]
fn reference_to_a_resource_whose_condition_is_false_is_refused() {
    let conditions = json!({ "Never": { "Fn::Equals": ["a", "b"] } });
    let omitted = json!({ "Type": "AWS::SQS::Queue", "Condition": "Never" });
    let request = |name: Value| {
        let user = json!({ "Type": "AWS::SQS::Queue", "Properties": { "QueueName": name } });
        Request::new(&json!({ "Conditions": conditions, "Resources": { "Omitted": omitted, "User": user } }))
    };
    assert_eq!(rules(&request(json!({ "Fn::If": ["Never", { "Ref": "Omitted" }, "name"] }))), []);
    assert_eq!(rules(&request(json!({ "Ref": "Omitted" }))), [Rule::UnresolvedDependency]);
}

#[test]
fn condition_refers_to_parameters_only() {
    let request = |name: &str| {
        let conditions = json!({ "Is": { "Fn::Equals": [{ "Ref": name }, "a"] } });
        Request::new(&json!({ "Conditions": conditions, "Resources": { "Queue": queue() } }))
    };
    assert_eq!(rules(&request("AWS::Region")), []);
    assert_eq!(
        messages(&request("Queue")),
        [
            "Template format error: Unresolved dependencies [Queue]. Cannot reference resources in the Conditions \
             block of the template"
        ]
    );
}
