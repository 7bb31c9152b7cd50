//! Changes to our own template, told by themselves.

use serde_json::{Value, json};

use super::{ChangeKind, TemplateChange, TemplateReview};
use crate::infrastructure::tests::template_of;

fn template() -> Value {
    template_of("dev").to_value()
}

/// What is told of a change made by `edit`: all changes, then all grants.
fn told(edit: impl FnOnce(&mut Value)) -> (Vec<String>, Vec<String>, TemplateReview) {
    let old = template();
    let mut new = old.clone();
    edit(&mut new);
    let review = TemplateReview::of(Some(&old), &new);
    let changes = review.changes.iter().map(line).collect();
    let grants = review.grants.iter().map(ToString::to_string).collect();
    (changes, grants, review)
}

fn line(change: &TemplateChange) -> String {
    let (kind, differences) = match &change.kind {
        ChangeKind::Added => ("added", &Vec::new()),
        ChangeKind::Removed => ("removed", &Vec::new()),
        ChangeKind::Changed(differences) => ("changed", differences),
        ChangeKind::Replaced(differences) => ("replaced", differences),
    };
    let paths: Vec<_> = differences.iter().map(|difference| difference.path.as_str()).collect();
    format!("{kind} {} {}", change.resource_type, paths.join(" "))
}

/// The first resource of a type, by its logical id.
fn first<'a>(template: &'a mut Value, resource_type: &str) -> (String, &'a mut Value) {
    let mut resources = template["Resources"].as_object_mut().unwrap().iter_mut();
    let (id, resource) = resources.find(|(_, resource)| resource["Type"] == resource_type).unwrap();
    (id.clone(), &mut resource["Properties"])
}

#[test]
fn a_new_stack_adds_everything_and_the_same_template_nothing() {
    let template = template();
    assert!(TemplateReview::of(Some(&template), &template).is_empty());
    let review = TemplateReview::of(None, &template);
    assert!(
        review.changes.len() > 40 && review.changes.iter().all(|change| change.kind == ChangeKind::Added)
    );
    assert!(review.grants.iter().all(|grant| grant.widens == grant.what.starts_with("allows")));
}

#[test]
fn a_changed_alarm_shows_just_that() {
    let (changes, grants, review) = told(|template| {
        first(template, "AWS::CloudWatch::Alarm").1["Threshold"] = json!(12_345);
    });
    assert_eq!(changes, ["changed AWS::CloudWatch::Alarm Threshold"]);
    assert!(grants.is_empty() && review.endangered().next().is_none());
}

#[test]
fn a_replaced_or_removed_queue_endangers_data() {
    let (changes, _, review) = told(|template| {
        first(template, "AWS::SQS::Queue").1["QueueName"] = json!("another-name");
    });
    assert_eq!(changes, ["replaced AWS::SQS::Queue QueueName"]);
    assert_eq!(review.endangered().count(), 1);
    let (_, _, review) = told(|template| {
        let (id, _) = first(template, "AWS::S3::Bucket");
        template["Resources"].as_object_mut().unwrap().remove(&id);
    });
    assert_eq!(review.endangered().count(), 1);
    let (_, _, review) = told(|template| {
        first(template, "AWS::SQS::Queue").1["VisibilityTimeout"] = json!(1);
    });
    assert_eq!(review.endangered().count(), 0);
}

#[test]
fn a_widened_statement_shows_what_it_grants_and_a_reordered_one_nothing() {
    let statements = |template: &mut Value| {
        let (_, role) = first(template, "AWS::IAM::Role");
        std::mem::take(role["Policies"][0]["PolicyDocument"]["Statement"].as_array_mut().unwrap())
    };
    let put = |template: &mut Value, statements: Vec<Value>| {
        first(template, "AWS::IAM::Role").1["Policies"][0]["PolicyDocument"]["Statement"] = json!(statements);
    };
    let (_, grants, _) = told(|template| {
        let mut reordered = statements(template);
        reordered.reverse();
        put(template, reordered);
    });
    assert_eq!(grants, [""; 0]);

    let (_, grants, review) = told(|template| {
        let mut widened = statements(template);
        widened.push(json!({"Sid": "More", "Effect": "Allow", "Action": ["s3:PutObject", "s3:GetObject"], "Resource": "*"}));
        put(template, widened);
    });
    assert_eq!(grants.len(), 2);
    assert!(grants[0].ends_with(", More: allows s3:GetObject on *"), "{grants:?}");
    assert_eq!(review.widening().count(), 2);

    let (_, grants, review) = told(|template| {
        let mut narrowed = statements(template);
        narrowed.pop();
        put(template, narrowed);
    });
    assert!(!grants.is_empty() && review.widening().next().is_none(), "{grants:?}");
    let (_, grants, review) = told(|template| {
        let policy = first(template, "AWS::S3::BucketPolicy").1;
        let statements = policy["PolicyDocument"]["Statement"].as_array_mut().unwrap();
        statements.retain(|statement| statement["Effect"] != "Deny");
    });
    assert!(review.widening().next().is_some(), "a refusal that is gone lets more through: {grants:?}");
}
