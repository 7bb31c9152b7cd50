use super::super::EventLog;
use super::super::testing::REPORTER;
use super::super::testing::{Request, Response, STACK_ID, ScriptedCloudFormation, events, stack_in};
use super::{Operation, follow, is_over};

const STACK: &str = "AWS::CloudFormation::Stack";
const QUEUE: &str = "AWS::SQS::Queue";

/// Follows an operation with these events, after which the stack has this status.
async fn follow_to_end(
    operation: Operation,
    reported_events: &'static [(&'static str, &'static str, &'static str, &'static str)],
    status: &'static str,
) -> Result<(), String> {
    let script = move |action: &str, _: &Request, before: usize| match action {
        // The first read is by the event log, before anything happens.
        "DescribeStackEvents" if before == 0 => events(&[]),
        "DescribeStackEvents" => events(reported_events),
        "DescribeStacks" => stack_in(status),
        "DescribeEvents" => Response::Result(String::new()),
        action => panic!("{action}"),
    };
    let cloudformation = ScriptedCloudFormation::start(script).await;
    let mut log = EventLog::begin(&cloudformation.client, STACK_ID).await.unwrap();
    let followed = follow(&cloudformation.client, &mut log, "stack", operation, REPORTER).await;
    followed.map_err(|error| error.to_string())
}

#[test]
fn final_status_ends_an_operation() {
    for status in [
        "CREATE_COMPLETE",
        "IMPORT_COMPLETE",
        "IMPORT_ROLLBACK_COMPLETE",
        "IMPORT_ROLLBACK_FAILED",
        "UPDATE_ROLLBACK_COMPLETE",
        "ROLLBACK_FAILED",
        "DELETE_FAILED",
    ] {
        assert!(is_over(status), "{status}");
    }
    for status in [
        "UPDATE_IN_PROGRESS",
        "IMPORT_ROLLBACK_IN_PROGRESS",
        "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS",
        "UPDATE_FAILED",
        "",
    ] {
        assert!(!is_over(status), "{status}");
    }
}

#[tokio::test]
async fn failure_without_rollback_is_reported_with_its_causes() {
    let update: &[_] = &[
        ("stack", STACK, "UPDATE_IN_PROGRESS", ""),
        ("Queue", QUEUE, "UPDATE_FAILED", "Rate exceeded"),
        ("stack", STACK, "UPDATE_FAILED", "The following resource(s) failed to update: [Queue]."),
    ];
    let error = follow_to_end(Operation::Update, update, "UPDATE_FAILED").await.unwrap_err();
    assert!(
        error.starts_with("stack could not be updated, and was not rolled back (UPDATE_FAILED)"),
        "{error}"
    );
    assert!(error.contains("Queue (AWS::SQS::Queue): Rate exceeded\n    → "), "{error}");
    let creation: &[_] = &[("stack", STACK, "CREATE_FAILED", "The template is wrong.")];
    let error = follow_to_end(Operation::Create, creation, "CREATE_FAILED").await.unwrap_err();
    assert!(
        error.contains("could not be created; the resources that were created still exist (CREATE_FAILED)"),
        "{error}"
    );
    assert!(error.contains("The template is wrong."), "{error}");
}

#[tokio::test]
async fn failure_that_is_rolled_back_is_followed_to_the_end_of_the_rollback() {
    let reported_events: &[_] = &[
        // An early validation fails the stack first:
        // https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/validate-stack-deployments.html
        ("stack", STACK, "UPDATE_FAILED", "Validation failed with 1 error(s)."),
        ("stack", STACK, "UPDATE_ROLLBACK_IN_PROGRESS", ""),
        ("stack", STACK, "UPDATE_ROLLBACK_COMPLETE", "It is rolled back."),
    ];
    let error =
        follow_to_end(Operation::Update, reported_events, "UPDATE_ROLLBACK_COMPLETE").await.unwrap_err();
    assert!(error.contains("could not be updated and was rolled back"), "{error}");
}

#[tokio::test]
async fn import_counts_as_success() {
    let reported_events: &[_] = &[("stack", STACK, "IMPORT_COMPLETE", "")];
    assert_eq!(follow_to_end(Operation::Create, reported_events, "IMPORT_COMPLETE").await, Ok(()));
    let reported_events: &[_] =
        &[("stack", STACK, "IMPORT_ROLLBACK_COMPLETE", "The bucket is in another stack.")];
    let error =
        follow_to_end(Operation::Create, reported_events, "IMPORT_ROLLBACK_COMPLETE").await.unwrap_err();
    assert!(error.contains("could not import the existing resources, which are unchanged"), "{error}");
}
