//! Executes change sets and follows their progress.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use aws_sdk_cloudformation::Client;
use aws_sdk_cloudformation::types::{ResourceStatus, StackEvent};

use super::Mode;
use super::change_set::ChangeSet;
use super::events::EventLog;
use super::phase::{Phase, PhaseCell};
use super::progress::{Progress, Reporter};
use crate::advice::command_for;
use crate::deployed_stack::{Condition, DeployedStack};

/// The number of reads without a new event after which the status of the stack is read.
///
/// This takes about a minute.
const QUIET_POLLS: u32 = 20;
/// The same limit after a failure of the whole stack.
///
/// The failure is the last event only if no rollback follows.
const QUIET_POLLS_AFTER_FAILURE: u32 = 3;
const SETTLING_LIMIT: Duration = Duration::from_mins(1);

/// An operation on a whole stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    Create,
    Update,
    Delete,
    /// The continuation of a failed rollback.
    RollBack,
    /// An operation that another process began. Every end of it counts as success.
    Other,
}

impl Operation {
    fn title(self) -> &'static str {
        match self {
            Self::Create => "create stack",
            Self::Update => "update stack",
            Self::Delete => "delete stack",
            Self::RollBack => "roll back stack",
            Self::Other => "wait for the stack",
        }
    }

    /// Returns whether a status means that the operation succeeded.
    fn is_success(self, status: &str) -> bool {
        match self {
            // A new stack that imports existing resources may end with this status.
            Self::Create => ["CREATE_COMPLETE", "IMPORT_COMPLETE"].contains(&status),
            Self::Update => ["UPDATE_COMPLETE", "IMPORT_COMPLETE"].contains(&status),
            Self::Delete => status == "DELETE_COMPLETE",
            Self::RollBack => status == "UPDATE_ROLLBACK_COMPLETE",
            Self::Other => true,
        }
    }
}

/// An execution that has begun.
pub(super) struct Execution<'a> {
    log: EventLog,
    stack_name: &'a str,
    operation: Operation,
    progress: Progress<'a>,
}

impl Execution<'_> {
    /// Follows the execution until it ends.
    ///
    /// Returns an error with the causes if it does not succeed.
    pub(super) async fn follow(self, client: &Client) -> Result<()> {
        let Self { mut log, stack_name, operation, progress } = self;
        follow_with(client, &mut log, stack_name, operation, progress).await
    }
}

/// Begins to execute a change set.
pub(super) async fn execute<'a>(
    client: &Client,
    change_set: &'a ChangeSet,
    reporter: Reporter<'a>,
    phase: &PhaseCell,
) -> Result<Execution<'a>> {
    let log = EventLog::begin(client, &change_set.stack_id).await?;
    let request =
        client.execute_change_set().change_set_name(&change_set.id).client_request_token(&change_set.name);
    let request = match change_set.mode {
        // The documentation gives true as the default, so it is always set, as in the AWS CLI:
        // https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ExecuteChangeSet.html
        Mode::Standard => request.disable_rollback(false),
        // The configuration of the change set applies. ExecuteChangeSet has no DeploymentConfig, and CloudFormation
        // rejects the older field for such a change set: https://github.com/aws/aws-sam-cli/pull/9106,
        // https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-express-mode.html
        Mode::Express => request,
    };
    // The execution may begin even if the response is lost.
    phase.set(Phase::Executing);
    request.send().await.with_context(|| {
        format!(
            "CloudFormation did not confirm that it executes the change set; if {} was changed or deleted in \
             the meantime, deploy again",
            change_set.stack_name
        )
    })?;
    let operation = if change_set.creates_stack { Operation::Create } else { Operation::Update };
    let mut progress = Progress::new(reporter, change_set.resources());
    progress.watch.clone_from(&change_set.watch);
    Ok(Execution { log, stack_name: &change_set.stack_name, operation, progress })
}

/// Follows an operation on a stack until it ends.
///
/// Returns an error with the causes if the operation does not succeed.
pub(crate) async fn follow(
    client: &Client,
    log: &mut EventLog,
    stack_name: &str,
    operation: Operation,
    reporter: Reporter<'_>,
) -> Result<()> {
    follow_with(client, log, stack_name, operation, Progress::new(reporter, BTreeSet::new())).await
}

async fn follow_with(
    client: &Client,
    log: &mut EventLog,
    stack_name: &str,
    operation: Operation,
    mut progress: Progress<'_>,
) -> Result<()> {
    let step = progress.begin(operation.title());
    let mut pause = Duration::from_millis(50);
    let mut quiet = 0;
    // The last event of the stack, if it was a failure.
    let mut failure: Option<StackEvent> = None;
    loop {
        let events = log.new_events().await.with_context(|| {
            let command = command_for(progress.reporter.environment, "status --follow");
            format!("CloudFormation continues; run {command} once it can be reached")
        })?;
        quiet = if events.is_empty() { quiet + 1 } else { 0 };
        for event in events {
            if !log.is_of_stack(&event) {
                progress.note(event);
                continue;
            }
            let status = status_of(&event);
            if is_over(status) && operation.is_success(status) {
                step.done(&format!("{}, {status}", progress.result()));
                return await_settled(client, log.stack_id()).await;
            }
            if is_over(status) {
                drop(step);
                bail!(progress.explain(client, stack_name, &event).await);
            }
            progress.note_stack(&event);
            failure = is_failure(status).then_some(event);
        }
        let limit = if failure.is_some() { QUIET_POLLS_AFTER_FAILURE } else { QUIET_POLLS };
        if quiet >= limit {
            quiet = 0;
            let stack = DeployedStack::find(client, log.stack_id()).await?;
            let status = stack.as_ref().map_or("DELETE_COMPLETE", |stack| stack.status.as_str());
            if stack.as_ref().is_none_or(|stack| stack.condition != Condition::Changing) {
                if operation.is_success(status) {
                    step.done(&format!("{}, {status}", progress.result()));
                    return Ok(());
                }
                drop(step);
                if let Some(failure) = failure.filter(|it| status_of(it) == status) {
                    bail!(progress.explain(client, stack_name, &failure).await);
                }
                bail!("{stack_name} is {status}, but its events do not show why");
            }
        }
        step.show(&progress.under_way());
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(Duration::from_secs(3));
    }
}

/// Waits until the description of the stack matches its events, which it may lag behind.
async fn await_settled(client: &Client, stack_id: &str) -> Result<()> {
    let deadline = Instant::now() + SETTLING_LIMIT;
    while let Some(stack) = DeployedStack::find(client, stack_id).await? {
        if stack.condition != Condition::Changing || Instant::now() > deadline {
            break;
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    Ok(())
}

/// Returns whether a status of the stack is final.
fn is_over(status: &str) -> bool {
    status.ends_with("_COMPLETE")
        || matches!(
            status,
            "ROLLBACK_FAILED" | "UPDATE_ROLLBACK_FAILED" | "IMPORT_ROLLBACK_FAILED" | "DELETE_FAILED"
        )
}

/// Returns whether a status of the stack is a failure that a rollback follows.
///
/// If rollback is disabled, this status is final.
fn is_failure(status: &str) -> bool {
    ["CREATE_FAILED", "UPDATE_FAILED"].contains(&status)
}

fn status_of(event: &StackEvent) -> &str {
    event.resource_status().map(ResourceStatus::as_str).unwrap_or_default()
}

#[cfg(test)]
mod tests;
