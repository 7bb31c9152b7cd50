//! Changes that cascade through references, as a change set of CloudFormation lists them.

use serde_json::{Value, json};

use crate::review::{ChangeKind, TemplateReview, TemplateState};

/// A queue, what refers to it, and a parameter.
fn template() -> Value {
    json!({
        "Parameters": {"Jobs": {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/jobs"}},
        "Resources": {
            "Alarm": {"Type": "AWS::CloudWatch::Alarm", "Properties": {
                "Dimensions": [{"Name": "QueueName", "Value": {"Fn::GetAtt": ["Queue", "QueueName"]}}],
            }},
            "Dashboard": {"Type": "AWS::CloudWatch::Dashboard", "Properties": {
                "DashboardBody": {"Fn::Sub": "${Alarm.Arn} ${Queue}"},
            }},
            "Function": {"Type": "AWS::Lambda::Function", "Properties": {
                "Timeout": 3, "Environment": {"Variables": {"QUEUE": {"Ref": "Queue"}, "JOBS": {"Ref": "Jobs"}}},
            }},
            "Mapping": {"Type": "AWS::Lambda::EventSourceMapping", "Properties": {
                "EventSourceArn": {"Fn::GetAtt": ["Queue", "Arn"]}, "FunctionName": {"Ref": "Function"},
            }},
            "Queue": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "one", "DelaySeconds": 1}},
        },
    })
}

/// Returns one line for each resource that changes.
fn changes(edit: impl FnOnce(&mut Value), jobs: &str) -> Vec<String> {
    let old = template();
    let mut new = template();
    edit(&mut new);
    let values = |jobs: &str| [("Jobs".to_owned(), jobs.to_owned())].into();
    let review = TemplateReview::compare(
        Some(TemplateState { template: &old, parameters: &values("jobs") }),
        TemplateState { template: &new, parameters: &values(jobs) },
    );
    let line = |change: &crate::review::TemplateChange| {
        let differences = match &change.kind {
            ChangeKind::Changed(differences) | ChangeKind::Replaced(differences) => differences.len(),
            _ => 0,
        };
        format!("{} {:?} {differences} {}", change.name, change.action(), change.causes.join(" "))
    };
    review.resources().map(|change| line(change).trim_end().to_owned()).collect()
}

#[test]
fn attributes_of_a_changed_resource_may_change() {
    let changes = changes(|new| new["Resources"]["Queue"]["Properties"]["DelaySeconds"] = json!(2), "jobs");
    assert_eq!(
        changes,
        [
            "Alarm MayChange 0 Queue.QueueName",
            // Through the alarm.
            "Dashboard MayChange 0 Alarm.Arn",
            // The property makes a replacement necessary, if its value changes.
            "Mapping MayBeReplaced 0 Queue.Arn",
            "Queue Change 1",
        ]
    );
}

#[test]
fn replacement_changes_everything_that_refers_to_the_resource() {
    let changes = changes(|new| new["Resources"]["Queue"]["Properties"]["QueueName"] = json!("two"), "jobs");
    assert_eq!(
        changes,
        [
            "Alarm Change 0 Queue.QueueName",
            "Dashboard Change 0 Alarm.Arn Queue",
            "Function Change 0 Queue",
            "Mapping Replace 0 Queue.Arn",
            "Queue Replace 1",
        ]
    );
}

#[test]
fn another_value_of_a_parameter_changes_what_refers_to_it() {
    assert_eq!(changes(|_| (), "jobs"), [""; 0]);
    assert_eq!(changes(|_| (), "others"), ["Function Change 0 Jobs"]);
    let timeout = |new: &mut Value| new["Resources"]["Function"]["Properties"]["Timeout"] = json!(4);
    assert_eq!(changes(timeout, "others"), ["Function Change 1 Jobs"]);
}

#[test]
fn new_and_removed_resources_are_listed_once() {
    let changes = changes(
        |new| {
            let resources = new["Resources"].as_object_mut().unwrap();
            resources.remove("Mapping");
            resources["Queue"]["Properties"]["DelaySeconds"] = json!(2);
            let mut policy = template()["Resources"]["Alarm"].take();
            policy["Properties"]["Namespace"] = json!({"Ref": "Jobs"});
            resources.insert("New".to_owned(), policy);
        },
        "jobs",
    );
    assert_eq!(
        changes,
        [
            "Alarm MayChange 0 Queue.QueueName",
            "Dashboard MayChange 0 Alarm.Arn",
            "Mapping Remove 0",
            "New Add 0",
            "Queue Change 1",
        ]
    );
}
