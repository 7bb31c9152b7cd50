use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use super::super::logical_id::LogicalId;
use super::super::logs::{LogGroup, LogGroupAttribute, SubscriptionFilter};
use super::super::resource::Handle;
use super::super::template::{Entry, ParameterType, Template};
use super::super::value::{PseudoParameter, Value, text};
use super::Problem;
use crate::environment::FactKind;

fn template() -> Template {
    Template::new("a template for tests".to_owned())
}

fn with(properties: Json) -> Template {
    with_type("AWS::Test::Thing", properties)
}

fn with_type(type_name: &'static str, properties: Json) -> Template {
    let mut template = template();
    let entry = Entry {
        type_name,
        depends_on: Vec::new(),
        deletion_policy: None,
        update_replace_policy: None,
        properties,
    };
    template.resources = BTreeMap::from([(LogicalId::from("Thing"), entry)]);
    template
}

fn problems(template: &Template) -> Vec<String> {
    let problems = template.validate().err().map(|error| error.problems).unwrap_or_default();
    problems.iter().map(Problem::to_string).collect()
}

fn log_group(name: &str) -> LogGroup {
    LogGroup { log_group_name: name.to_owned(), retention_in_days: 30 }
}

fn filter(destination_arn: Value<String>, log_group_name: Value<String>) -> SubscriptionFilter {
    SubscriptionFilter { log_group_name, filter_pattern: "", destination_arn, role_arn: None }
}

#[test]
fn references_that_resolve_are_fine() {
    let mut template = template();
    let group = template.add("Group", log_group("group"));
    let path = "/path".to_owned();
    let parameter =
        template.add_parameter("Destination", ParameterType::Text, FactKind::Text, "Where to.", path);
    let arn = text![parameter, ":", PseudoParameter::Region, group.attribute(LogGroupAttribute::Arn)];
    let other = template.add("Other", filter(arn, group.reference()));
    template.depend(&other, &group);
    assert_eq!(problems(&template), [""; 0]);
}

#[test]
fn a_reference_that_leads_nowhere() {
    let nowhere = Handle::<LogGroup>::new("Nowhere".into());
    let mut template = template();
    let arn = text!["arn:", nowhere.attribute(LogGroupAttribute::Arn)];
    let filter = template.add("Filter", filter(arn, nowhere.reference()));
    template.depend(&filter, &nowhere);
    assert_eq!(problems(&template), ["Filter refers to `Nowhere`, which is not in the template"; 3]);
}

#[test]
fn a_reference_deep_in_a_document() {
    let get = json!({ "uri": { "Fn::Sub": "arn:${AWS::Region}:${Function.Arn}/${!Literal}" } });
    let body = json!({ "Body": { "paths": { "/restore": { "post": get } } } });
    assert_eq!(problems(&with(body)), ["Thing refers to `Function`, which is not in the template"]);
    let dashboard = json!({ "DashboardBody": { "Fn::Sub": "{\"metrics\":[\"${Api}\"]}" } });
    assert_eq!(problems(&with(dashboard)), ["Thing refers to `Api`, which is not in the template"]);
}

#[test]
fn an_attribute_of_a_parameter() {
    let mut template = with(json!({ "Value": { "Fn::GetAtt": ["Path", "Arn"] } }));
    template.add_parameter::<String>(
        "Path",
        ParameterType::Text,
        FactKind::Text,
        "A path.",
        "/path".to_owned(),
    );
    assert_eq!(problems(&template), ["Thing refers to `Path`, which is not in the template"]);
}

#[test]
fn a_function_that_is_not_understood() {
    for value in
        [json!({ "Fn::ImportValue": "Other" }), json!({ "Fn::Sub": ["${A}", {}] }), json!({ "Ref": 1 })]
    {
        let function = value.as_object().and_then(|object| object.keys().next()).cloned().unwrap_or_default();
        let expected = format!("Thing uses `{function}` in a way that is not understood");
        assert_eq!(problems(&with(json!({ "Value": value }))), [expected]);
    }
}

#[test]
fn a_circle() {
    let mut template = template();
    let handle = |id: &str| Handle::<LogGroup>::new(id.into()).reference();
    template.add("A", filter(handle("B"), "group".into()));
    template.add("B", filter(handle("C"), "group".into()));
    template.add("C", filter(handle("B"), handle("D")));
    template.add("D", log_group("group"));
    assert_eq!(problems(&template), ["resources depend on each other in a circle: B → C → B"]);
}

#[test]
fn an_id_that_is_none_or_is_given_twice() {
    let mut template = template();
    template.add("Log-Group", log_group("a"));
    template.add("Twice", log_group("b"));
    template.add("Twice", log_group("c"));
    let expected =
        ["`Twice` is given twice", "`Log-Group` is no logical id: only letters and digits, 255 at most"];
    assert_eq!(problems(&template), expected);
}

#[test]
fn a_parameter_that_nothing_uses() {
    let mut template = template();
    template.add_parameter::<String>(
        "Path",
        ParameterType::Text,
        FactKind::Text,
        "A path.",
        "/path".to_owned(),
    );
    assert_eq!(problems(&template), ["nothing refers to the parameter `Path`"]);
}

#[test]
fn a_wildcard() {
    let check = |statement: Json, expected: &[&str]| {
        let mut document = json!({ "Policies": [{ "Statement": [statement] }] });
        document["Policies"][0]["Statement"][0]["Effect"] = json!("Allow");
        assert_eq!(problems(&with(document)), expected);
    };
    let named =
        json!({ "Fn::Sub": "arn:${AWS::Partition}:ssm:${AWS::Region}:${AWS::AccountId}:parameter/dev/*" });
    check(json!({ "Action": ["ssm:GetParameter"], "Resource": [named] }), &[]);
    check(json!({ "Action": ["xray:PutTraceSegments"], "Resource": ["*"] }), &[]);
    check(
        json!({ "Action": ["s3:GetObject", "xray:PutTraceSegments"], "Resource": "*" }),
        &["`Thing` allows `s3:GetObject` on `*`"],
    );
    check(
        json!({ "Action": ["s3:GetObject"], "Resource": ["arn:aws:s3:::*"] }),
        &["`Thing` allows `s3:GetObject` on `arn:aws:s3:::*`"],
    );
    check(
        json!({ "Action": ["s3:GetObject"], "Resource": [{ "Fn::Sub": "arn:${AWS::Partition}:s3:::*/*" }] }),
        &["`Thing` allows `s3:GetObject` on `arn:${AWS::Partition}:s3:::*/*`"],
    );
    check(
        json!({ "Action": "s3:*", "Resource": ["arn:aws:s3:::a"] }),
        &["`Thing` allows the actions `s3:*`"],
    );
    check(
        json!({ "Action": ["s3:GetObject"], "Principal": { "AWS": "*" } }),
        &["`Thing` allows everyone in"],
    );
}

#[test]
fn what_must_be_retained() {
    assert_eq!(
        problems(&with_type("AWS::S3::Bucket", json!({}))),
        ["`Thing` is a AWS::S3::Bucket, which must be retained"]
    );
    assert_eq!(
        problems(&with_type("AWS::CloudFront::PublicKey", json!({}))),
        ["`Thing` is a AWS::CloudFront::PublicKey, which must be retained"]
    );
}

#[test]
fn text_that_cloudformation_does_not_give_back() {
    let template = with(json!({ "Description": "naïve" }));
    assert_eq!(problems(&template), ["`Thing` has text that is not ASCII"]);
}

#[test]
fn more_than_cloudformation_takes() {
    let mut many = template();
    for number in 0..500 {
        many.add(format!("Group{number}"), log_group("group"));
    }
    assert_eq!(problems(&many), ["500 resources, where 500 is the limit"]);
    let large = problems(&with(json!({ "Text": "a".repeat(1_000_000) })));
    assert!(large.len() == 1 && large[0].ends_with("bytes, where 1000000 is the limit"), "{large:?}");
}

#[test]
fn name_longer_than_aws_takes_is_rejected() {
    let queue = |length: usize| with_type("AWS::SQS::Queue", json!({ "QueueName": "q".repeat(length) }));
    assert_eq!(problems(&queue(80)), [""; 0]);
    let name = "q".repeat(81);
    assert_eq!(
        problems(&queue(81)),
        [format!(
            "the name `{name}` of Thing has more than 80 characters; \
             shorten the environment's name, service or suffix"
        )]
    );
}
