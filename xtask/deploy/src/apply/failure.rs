//! Explains why a stack could not be changed: the original causes, and how to fix them.

use std::collections::BTreeSet;

use aws_sdk_cloudformation::Client;
use aws_sdk_cloudformation::types::{EventFilter, OperationEvent, ResourceStatus, StackEvent};

use crate::advice::command_for;

/// The maximum number of pages of events to read when looking for causes.
const MAXIMUM_PAGES: usize = 20;

/// A failure that is not a consequence of another failure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Cause {
    resource: String,
    resource_type: String,
    reason: String,
    /// Whether validation found it before the operation began.
    ///
    /// Every such failure is a cause. Of the failures during the operation, only the first one of each resource is.
    is_early: bool,
}

/// The operation whose failures are requested from CloudFormation.
#[derive(Clone, Copy)]
pub(super) enum Subject<'a> {
    /// An operation on the stack with this ARN that began at this time, in milliseconds.
    Stack { id: &'a str, began: i64 },
    /// A change set, by its ARN. CloudFormation does not accept a name alone:
    /// <https://github.com/aws-cloudformation/cloudformation-cli/issues/1116>.
    ChangeSet(&'a str),
}

/// Returns a message with how an operation on a stack ended, and why.
///
/// The stack has a name, its last event, and the reason of CloudFormation for what happened to the whole stack.
pub(super) async fn explain(
    client: &Client,
    environment: &str,
    (stack_name, end, reason): (&str, &StackEvent, Option<&str>),
    failures: &[StackEvent],
    began: i64,
) -> String {
    let status = end.resource_status().map(ResourceStatus::as_str).unwrap_or_default();
    let mut causes: Vec<Cause> = failures.iter().filter_map(Cause::from_resource_event).collect();
    let id = end.stack_id().unwrap_or(stack_name);
    causes.extend(validation_failures(client, Subject::Stack { id, began }).await);
    if causes.is_empty() {
        causes.extend(reason.map(|reason| Cause {
            resource: stack_name.to_owned(),
            resource_type: "the stack".to_owned(),
            reason: reason.to_owned(),
            is_early: false,
        }));
    }
    let outcome = match status {
        "CREATE_FAILED" => "could not be created; the resources that were created still exist",
        "UPDATE_FAILED" => "could not be updated, and was not rolled back",
        "IMPORT_ROLLBACK_COMPLETE" => "could not import the existing resources, which are unchanged",
        "IMPORT_ROLLBACK_FAILED" => {
            "could not import the existing resources, and could not roll the import back"
        }
        "ROLLBACK_COMPLETE" => "could not be created; the resources that were created have been deleted",
        "UPDATE_ROLLBACK_COMPLETE" => "could not be updated and was rolled back",
        "UPDATE_ROLLBACK_FAILED" => "could not be updated, and could not be rolled back",
        "DELETE_COMPLETE" => "was deleted while it was being changed",
        "DELETE_FAILED" => "could not be deleted completely",
        _ => "ended in an unexpected state",
    };
    failure_message(environment, &format!("{stack_name} {outcome} ({status})"), &causes)
}

/// Formats a headline, each cause with advice, and what to do next.
pub(super) fn failure_message(environment: &str, headline: &str, causes: &[Cause]) -> String {
    let advice = |reason| advice(reason).map(|advice| advice.text_for(environment));
    let mut lines = vec![headline.to_owned()];
    if causes.is_empty() {
        lines.extend(advice(headline).map(|advice| format!("  → {advice}")));
    }
    let mut explained = BTreeSet::new();
    for Cause { resource, resource_type, reason, is_early } in causes {
        // The first failure of a resource is its cause. Later ones are consequences.
        if explained.insert(resource) || *is_early {
            lines.push(format!("  {resource} ({resource_type}): {reason}"));
            lines.extend(advice(reason).map(|advice| format!("    → {advice}")));
        }
    }
    lines.push("Fix the cause above, then run the command again.".to_owned());
    lines.join("\n")
}

/// Returns the failures that CloudFormation found before the operation began.
///
/// Only this API returns them:
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeEvents.html>. If the request fails,
/// the causes are left out of the message.
pub(super) async fn validation_failures(client: &Client, subject: Subject<'_>) -> Vec<Cause> {
    let request = client.describe_events().filters(EventFilter::builder().failed_events(true).build());
    let request = match subject {
        Subject::Stack { id, .. } => request.stack_name(id),
        Subject::ChangeSet(id) => request.change_set_name(id),
    };
    let belongs = |event: &OperationEvent| match subject {
        Subject::Stack { began, .. } => {
            event.timestamp().and_then(|time| time.to_millis().ok()).is_some_and(|time| time >= began)
        }
        Subject::ChangeSet(_) => true,
    };
    let mut causes = Vec::new();
    let mut pages = request.into_paginator().send();
    // The newest events come first. Because of the filter, an empty page may be followed by others.
    for _ in 0..MAXIMUM_PAGES {
        let Some(Ok(page)) = pages.next().await else { break };
        let events = page.operation_events.unwrap_or_default();
        causes.extend(events.iter().filter(|event| belongs(event)).filter_map(Cause::from_validation_event));
        if events.last().is_some_and(|event| !belongs(event)) {
            break;
        }
    }
    causes
}

impl Cause {
    /// Returns the failure of a resource.
    ///
    /// Returns `None` if it was only canceled because another resource failed.
    fn from_resource_event(event: &StackEvent) -> Option<Self> {
        let reason = event.resource_status_reason().unwrap_or("CloudFormation gives no reason");
        if reason.to_lowercase().contains("cancelled") {
            return None;
        }
        Some(Self {
            resource: event.logical_resource_id().unwrap_or_default().to_owned(),
            resource_type: event.resource_type().unwrap_or_default().to_owned(),
            reason: reason.to_owned(),
            is_early: false,
        })
    }

    fn from_validation_event(event: &OperationEvent) -> Option<Self> {
        let reason = event.validation_status_reason().or(event.hook_status_reason())?;
        let place = event.validation_path().map(|path| format!(" at {path}")).unwrap_or_default();
        Some(Self {
            resource: event.logical_resource_id().unwrap_or_default().to_owned(),
            resource_type: event.resource_type().unwrap_or_default().to_owned(),
            reason: format!("{reason}{place}"),
            is_early: true,
        })
    }
}

/// Advice for a failure.
#[derive(Clone, Copy)]
enum Advice {
    /// A text.
    Text(&'static str),
    /// A text around a command.
    Command { before: &'static str, command: &'static str, after: &'static str },
}

impl Advice {
    fn text_for(self, environment: &str) -> String {
        match self {
            Self::Text(text) => text.to_owned(),
            Self::Command { before, command, after } => {
                format!("{before}{}{after}", command_for(environment, command))
            }
        }
    }
}

/// Returns advice for a failure, selected by phrases from the error messages of AWS services.
fn advice(reason: &str) -> Option<Advice> {
    const ADVICE: &[(&[&str], Advice)] = &[
        (
            &["not authorized to perform", "AccessDenied", "Access Denied"],
            Advice::Command {
                before: "your identity lacks this permission; ",
                command: "render --policies",
                after: " prints all that are needed",
            },
        ),
        (
            // Comes before the general phrases below, because in this case no name is taken.
            &["bucket policy already exists"],
            Advice::Text(
                "the imported bucket already has a policy: save it (`aws s3api get-bucket-policy`), then remove \
                 it (`aws s3api delete-bucket-policy`)",
            ),
        ),
        (
            &["CNAMEAlreadyExists", "CNAMEs you provided are already associated"],
            Advice::Text(
                "another distribution has this domain: leave [cdn] out of the environment's file until it is \
                 moved; see docs/taking-over.md",
            ),
        ),
        (
            // CloudFormation words this in many ways, such as "they already exist in your account".
            &["already exist", "AlreadyExist", "already owned"],
            Advice::Command {
                before: "a resource with this name exists outside the stack: ",
                command: "diff",
                after: " shows every name that is taken; see docs/taking-over.md",
            },
        ),
        (
            &["Rate exceeded", "Throttling", "TooManyRequests"],
            Advice::Text("AWS throttled the requests; wait a moment before you try again"),
        ),
        (
            &["LimitExceeded", "limit exceeded", "TooMany", "quota", "Quota"],
            Advice::Text("the account has reached a quota; request an increase in Service Quotas"),
        ),
        (
            &["InvalidClientTokenId", "ExpiredToken", "security token included in the request is"],
            Advice::Text("the credentials have expired; sign in again"),
        ),
        (&["deleted less than 60 seconds ago", "QueueDeletedRecently"], Advice::Text("wait a minute")),
    ];
    let fits = |words: &[&str]| words.iter().any(|word| reason.contains(word));
    ADVICE.iter().find(|(words, _)| fits(words)).map(|(_, advice)| *advice)
}

#[cfg(test)]
mod tests {
    use aws_sdk_cloudformation::types::{ResourceStatus, StackEvent};

    use super::super::testing::{Request, Response, ScriptedCloudFormation};
    use super::{Cause, Subject, advice, failure_message, validation_failures};

    fn failure(resource: &str, reason: &str) -> StackEvent {
        StackEvent::builder()
            .logical_resource_id(resource)
            .resource_type("AWS::SQS::Queue")
            .resource_status(ResourceStatus::CreateFailed)
            .resource_status_reason(reason)
            .build()
    }

    /// There are two pages, and the first is empty. Two causes belong to the same resource:
    /// <https://github.com/aws/aws-cdk-cli/pull/1463>.
    #[tokio::test]
    async fn every_validation_failure_is_listed() {
        let failure = |property: &str| {
            format!(
                "<member><LogicalResourceId>Policy</LogicalResourceId><ResourceType>AWS::IAM::Policy</ResourceType>\
                 <ValidationStatusReason>{property} is missing</ValidationStatusReason></member>"
            )
        };
        let failures = ["PolicyDocument", "PolicyName"].map(failure).concat();
        let cloudformation = ScriptedCloudFormation::start(move |_, _: &Request, before| match before {
            0 => Response::Result("<OperationEvents/><NextToken>next</NextToken>".to_owned()),
            _ => Response::Result(format!("<OperationEvents>{failures}</OperationEvents>")),
        })
        .await;
        let causes = validation_failures(&cloudformation.client, Subject::ChangeSet("change-set")).await;
        let message = failure_message("dev", "the change set failed", &causes);
        assert!(
            message.contains("PolicyDocument is missing") && message.contains("PolicyName is missing"),
            "{message}"
        );
        assert_eq!(cloudformation.requests("DescribeEvents")[1]["NextToken"], "next");
    }

    /// The messages are from public bug reports.
    #[test]
    fn taken_name_gets_advice() {
        for (reason, advised) in [
            // https://github.com/aws/aws-cdk-cli/pull/1367
            (
                "CloudFormation is attempting to import some resources because they already exist in your account.",
                "every name that is taken",
            ),
            // https://github.com/aws-cloudformation/rain/pull/744
            (
                "Resource of type 'AWS::S3::Bucket' with identifier 'assets' already exists.",
                "every name that is taken",
            ),
            ("EntityAlreadyExists: Role with name x", "every name that is taken"),
            // https://github.com/getlift/lift/issues/356
            ("The bucket policy already exists on bucket assets.", "delete-bucket-policy"),
            (
                "One or more of the CNAMEs you provided are already associated with a different resource. \
                 (Service: CloudFront, Status Code: 409)",
                "leave [cdn] out",
            ),
        ] {
            let text = advice(reason).map(|advice| advice.text_for("dev"));
            assert!(text.is_some_and(|text| text.contains(advised)), "{reason}");
        }
    }

    #[test]
    fn failure_message_has_causes_and_no_cancellations() {
        let failures = [
            failure(
                "RestoreQueue",
                "You must wait: a queue of this name was deleted less than 60 seconds ago",
            ),
            failure("Api", "Resource creation cancelled"),
            failure("RestoreQueue", "It could not be deleted either"),
            failure("ApiRole", "User: bob is not authorized to perform: iam:CreateRole"),
        ];
        let causes: Vec<_> = failures.iter().filter_map(Cause::from_resource_event).collect();
        insta::assert_snapshot!(failure_message("dev", "dev-packages-service could not be created", &causes), @r"
        dev-packages-service could not be created
          RestoreQueue (AWS::SQS::Queue): You must wait: a queue of this name was deleted less than 60 seconds ago
            → wait a minute
          ApiRole (AWS::SQS::Queue): User: bob is not authorized to perform: iam:CreateRole
            → your identity lacks this permission; `cargo xtask render --policies --env dev` prints all that are needed
        Fix the cause above, then run the command again.
        ");
    }
}
