use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use super::Problem;
use crate::cloudformation::logical_id::LogicalId;
use crate::cloudformation::logs::{LogGroup, LogGroupAttribute, SubscriptionFilter};
use crate::cloudformation::number::LogRetentionDays;
use crate::cloudformation::resource::Handle;
use crate::cloudformation::template::{Entry, Parameter, ParameterType, Template};
use crate::cloudformation::value::{PseudoParameter, Value, text};

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

fn parameter(path: &str) -> Parameter {
    Parameter { kind: ParameterType::Text, description: "A path.", path: path.to_owned() }
}

fn log_group(name: &str) -> LogGroup {
    LogGroup { log_group_name: name.to_owned(), retention_in_days: LogRetentionDays::of::<30>() }
}

fn filter(destination_arn: Value<String>, log_group_name: Value<String>) -> SubscriptionFilter {
    SubscriptionFilter { log_group_name, filter_pattern: "", destination_arn, role_arn: None }
}

#[test]
fn resolving_references_are_valid() {
    let mut template = template();
    let group = template.add("Group", log_group("group"));
    let parameter = template.add_parameter("Destination", &parameter("/path"));
    let arn = text![parameter, ":", PseudoParameter::Region, group.attribute(LogGroupAttribute::Arn)];
    let other = template.add("Other", filter(arn, group.reference()));
    template.depend(&other, &group);
    assert_eq!(problems(&template), [""; 0]);
}

#[test]
fn reference_to_nothing_is_a_problem() {
    let nowhere = Handle::<LogGroup>::new("Nowhere".into());
    let mut template = template();
    let arn = text!["arn:", nowhere.attribute(LogGroupAttribute::Arn)];
    let filter = template.add("Filter", filter(arn, nowhere.reference()));
    template.depend(&filter, &nowhere);
    assert_eq!(problems(&template), ["Filter refers to `Nowhere`, which is not in the template"; 3]);
}

#[test]
fn reference_inside_a_document_is_checked() {
    let get = json!({ "uri": { "Fn::Sub": "arn:${AWS::Region}:${Function.Arn}/${!Literal}" } });
    let body = json!({ "Body": { "paths": { "/restore": { "post": get } } } });
    assert_eq!(problems(&with(body)), ["Thing refers to `Function`, which is not in the template"]);
    let dashboard = json!({ "DashboardBody": { "Fn::Sub": "{\"metrics\":[\"${Api}\"]}" } });
    assert_eq!(problems(&with(dashboard)), ["Thing refers to `Api`, which is not in the template"]);
}

#[test]
fn parameter_has_no_attributes() {
    let mut template = with(json!({ "Value": { "Fn::GetAtt": ["Path", "Arn"] } }));
    template.add_parameter::<String>("Path", &parameter("/path"));
    assert_eq!(problems(&template), ["Thing refers to `Path`, which is not in the template"]);
}

#[test]
fn unknown_intrinsic_function_is_a_problem() {
    for value in
        [json!({ "Fn::ImportValue": "Other" }), json!({ "Fn::Sub": ["${A}", {}] }), json!({ "Ref": 1 })]
    {
        let function = value.as_object().and_then(|object| object.keys().next()).cloned().unwrap_or_default();
        let expected = format!("Thing uses `{function}` in a way that this crate does not write");
        assert_eq!(problems(&with(json!({ "Value": value }))), [expected]);
    }
}

#[test]
fn cycle_of_resources_is_a_problem() {
    let mut template = template();
    let handle = |id: &str| Handle::<LogGroup>::new(id.into()).reference();
    template.add("A", filter(handle("B"), "group".into()));
    template.add("B", filter(handle("C"), "group".into()));
    template.add("C", filter(handle("B"), handle("D")));
    template.add("D", log_group("group"));
    assert_eq!(problems(&template), ["circular dependency between resources: B → C → B"]);
}

#[test]
fn malformed_or_repeated_id_is_a_problem() {
    let mut template = template();
    template.add("Log-Group", log_group("a"));
    template.add("Twice", log_group("b"));
    template.add("Twice", log_group("c"));
    let expected =
        ["`Twice` is used twice", "`Log-Group` is not a logical id: only letters and digits, 255 at most"];
    assert_eq!(problems(&template), expected);
}

#[test]
fn parameter_may_be_added_again_but_not_with_another_path() {
    let mut template = template();
    let group = template.add_parameter("Group", &parameter("/group"));
    assert_eq!(template.add_parameter("Group", &parameter("/group")), group);
    template.add("Filter", filter(group.clone(), group));
    assert_eq!(problems(&template), [""; 0]);
    template.add_parameter::<String>("Group", &parameter("/other"));
    assert_eq!(problems(&template), ["`Group` is used twice"]);
}

#[test]
fn unused_parameter_is_a_problem() {
    let mut template = template();
    template.add_parameter::<String>("Path", &parameter("/path"));
    assert_eq!(problems(&template), ["nothing refers to the parameter `Path`"]);
}

#[test]
fn wildcard_is_a_problem_except_where_aws_requires_it() {
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
    check(json!({ "Action": ["s3:GetObject"], "Principal": { "AWS": "*" } }), &["`Thing` allows everyone"]);
}

#[test]
fn text_that_is_not_ascii_is_a_problem() {
    let template = with(json!({ "Description": "naïve" }));
    assert_eq!(problems(&template), ["`Thing` contains text that is not ASCII"]);
}

#[test]
fn limits_of_cloudformation_are_respected() {
    let mut many = template();
    for number in 0..500 {
        many.add(format!("Group{number}"), log_group("group"));
    }
    assert_eq!(problems(&many), ["500 resources; the limit is 500"]);
    let large = problems(&with(json!({ "Text": "a".repeat(1_000_000) })));
    assert!(large.len() == 1 && large[0].ends_with("bytes; the limit is 1000000"), "{large:?}");
}

#[test]
fn name_longer_than_aws_accepts_is_a_problem() {
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
