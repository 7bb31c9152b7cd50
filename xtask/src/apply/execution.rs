//! Executing a change set, and telling what went wrong.

use std::collections::HashSet;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use aws_sdk_cloudformation::Client;
use aws_sdk_cloudformation::types::{ResourceStatus, StackEvent};

use super::change_set::ChangeSet;
use crate::terminal;

/// Execute, follow the events to the end, and fail with the first cause where the stack failed.
pub(super) async fn execute(client: &Client, change_set: &ChangeSet) -> Result<()> {
    let mut seen: HashSet<String> = HashSet::new();
    for event in events(client, &change_set.stack_id, &HashSet::new()).await? {
        seen.extend(event.event_id);
    }
    let step = terminal::Step::begin(if change_set.creates_stack { "create stack" } else { "update stack" });
    let request = client.execute_change_set().change_set_name(&change_set.id);
    request.send().await.context("CloudFormation does not execute the change set")?;

    let mut completed = 0_u32;
    let mut failures: Vec<StackEvent> = Vec::new();
    let mut pause = Duration::from_millis(50);
    loop {
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(Duration::from_secs(3));
        let fresh = events(client, &change_set.stack_id, &seen).await?;
        // Newest first, as CloudFormation lists them.
        for event in fresh.into_iter().rev() {
            seen.extend(event.event_id.clone());
            let status = event.resource_status().map(ResourceStatus::as_str).unwrap_or_default().to_owned();
            let is_stack = event.physical_resource_id() == Some(change_set.stack_id.as_str());
            if !is_stack && status.ends_with("_COMPLETE") {
                completed += 1;
            } else if !is_stack && status.ends_with("_FAILED") {
                failures.push(event);
            } else if is_stack && (status.ends_with("_COMPLETE") || status.ends_with("_FAILED")) {
                // Only the clean-up of replaced resources is left to do.
                if status.ends_with("CLEANUP_IN_PROGRESS") {
                    continue;
                }
                if status == "CREATE_COMPLETE" || status == "UPDATE_COMPLETE" {
                    step.done(format!("{completed} resources, {status}"));
                    return Ok(());
                }
                bail!(explanation(&change_set.stack_name, &status, &failures, &event));
            }
        }
    }
}

/// What failed, and why: the first failures, without those that were only given up because of them.
fn explanation(stack_name: &str, status: &str, failures: &[StackEvent], stack_event: &StackEvent) -> String {
    let mut lines = vec![format!("{stack_name} could not be changed; it was rolled back ({status})")];
    let causes: Vec<&StackEvent> = failures
        .iter()
        .filter(|event| {
            let reason = event.resource_status_reason().unwrap_or_default();
            !reason.contains("cancelled") && !reason.contains("Cancelled")
        })
        .collect();
    for event in &causes {
        lines.push(format!(
            "  {} ({}): {}",
            event.logical_resource_id().unwrap_or_default(),
            event.resource_type().unwrap_or_default(),
            event.resource_status_reason().unwrap_or("no reason given")
        ));
    }
    if causes.is_empty() {
        lines.extend(stack_event.resource_status_reason().map(|reason| format!("  {reason}")));
    }
    lines.push("Mend the cause, and deploy again.".to_owned());
    lines.join("\n")
}

/// The events of a stack that are not among these, newest first.
async fn events(client: &Client, stack_id: &str, seen: &HashSet<String>) -> Result<Vec<StackEvent>> {
    let mut fresh = Vec::new();
    let mut token = None;
    loop {
        let page = client.describe_stack_events().stack_name(stack_id).set_next_token(token).send().await;
        let page = page.context("cannot read the stack's events")?;
        let events = page.stack_events.unwrap_or_default();
        let count = events.len();
        fresh.extend(events.into_iter().filter(|event| event.event_id().is_none_or(|id| !seen.contains(id))));
        token = page.next_token.filter(|token| !token.is_empty());
        // Once an event is known, all older ones are.
        if token.is_none() || count == 0 || fresh.len() < count {
            return Ok(fresh);
        }
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_cloudformation::types::{ResourceStatus, StackEvent};

    use super::explanation;

    fn failure(resource: &str, reason: &str) -> StackEvent {
        StackEvent::builder()
            .logical_resource_id(resource)
            .resource_type("AWS::SQS::Queue")
            .resource_status(ResourceStatus::CreateFailed)
            .resource_status_reason(reason)
            .build()
    }

    #[test]
    fn a_failure_is_told_by_its_cause_and_not_by_what_was_given_up_for_it() {
        let failures = [
            failure("RestoreQueue", "A queue of this name was deleted less than 60 seconds ago"),
            failure("Api", "Resource creation cancelled"),
        ];
        let told = explanation("dev-packages-service", "ROLLBACK_COMPLETE", &failures, &failures[1]);
        insta::assert_snapshot!(told, @r"
        dev-packages-service could not be changed; it was rolled back (ROLLBACK_COMPLETE)
          RestoreQueue (AWS::SQS::Queue): A queue of this name was deleted less than 60 seconds ago
        Mend the cause, and deploy again.
        ");
    }

    #[test]
    fn without_a_failed_resource_the_stack_says_why() {
        let told = explanation("s", "UPDATE_ROLLBACK_COMPLETE", &[], &failure("s", "Cancelled by hand"));
        assert!(told.contains("Cancelled by hand"), "{told}");
    }
}
