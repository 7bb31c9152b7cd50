//! Executing a change set, and following what CloudFormation does.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use aws_sdk_cloudformation::Client;
use aws_sdk_cloudformation::types::ResourceStatus;

use super::change_set::ChangeSet;
use super::events::EventLog;
use super::failure::explain;
use super::phase::{Phase, PhaseCell};
use super::progress::{Detail, Progress};
use crate::deployed_stack::{Condition, DeployedStack};
use crate::terminal::Step;

/// After this many looks without an event, a minute or so, the stack itself is asked.
const QUIET_POLLS: u32 = 20;
const SETTLING_LIMIT: Duration = Duration::from_mins(1);

/// Something that CloudFormation does with a whole stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    Create,
    Update,
    Delete,
    /// Going on with a rollback that had failed.
    RollBack,
    /// What somebody else has begun; however it ends, it is over.
    Other,
}

impl Operation {
    fn title(self) -> &'static str {
        match self {
            Self::Create => "create stack",
            Self::Update => "update stack",
            Self::Delete => "delete stack",
            Self::RollBack => "roll back stack",
            Self::Other => "await the stack",
        }
    }

    /// Whether a status of the stack is how this is meant to end.
    fn is_success(self, status: &str) -> bool {
        match self {
            Self::Create => status == "CREATE_COMPLETE",
            Self::Update => status == "UPDATE_COMPLETE",
            Self::Delete => status == "DELETE_COMPLETE",
            Self::RollBack => status == "UPDATE_ROLLBACK_COMPLETE",
            Self::Other => true,
        }
    }
}

/// Execute, and follow it to its end.
pub(super) async fn execute(
    client: &Client,
    change_set: &ChangeSet,
    detail: Detail,
    phase: &PhaseCell,
) -> Result<()> {
    let mut log = EventLog::begin(client, &change_set.stack_id).await?;
    let request =
        client.execute_change_set().change_set_name(&change_set.id).client_request_token(&change_set.name);
    // It may have begun although its answer never comes.
    phase.set(Phase::Executing);
    request.send().await.with_context(|| {
        format!(
            "CloudFormation does not say that it executes the change set; \
             if somebody has changed or deleted {} meanwhile, deploy again",
            change_set.stack_name
        )
    })?;
    let operation = if change_set.creates_stack { Operation::Create } else { Operation::Update };
    let progress = Progress::new(detail, change_set.resources());
    follow_with(client, &mut log, &change_set.stack_name, operation, progress).await
}

/// Follow what happens to a stack until it is over. An end other than the one that was meant is an error, which says
/// what caused it.
pub(crate) async fn follow(
    client: &Client,
    log: &mut EventLog,
    stack_name: &str,
    operation: Operation,
    detail: Detail,
) -> Result<()> {
    follow_with(client, log, stack_name, operation, Progress::new(detail, BTreeSet::new())).await
}

async fn follow_with(
    client: &Client,
    log: &mut EventLog,
    stack_name: &str,
    operation: Operation,
    mut progress: Progress,
) -> Result<()> {
    let step = Step::begin(operation.title());
    let mut pause = Duration::from_millis(50);
    let mut quiet = 0;
    loop {
        let events = log.fresh().await.context(
            "CloudFormation goes on by itself; `cargo xtask status --follow` shows it once it can be reached",
        )?;
        quiet = if events.is_empty() { quiet + 1 } else { 0 };
        for event in events {
            if !log.is_of_stack(&event) {
                progress.note(event);
                continue;
            }
            let status = event.resource_status().map(ResourceStatus::as_str).unwrap_or_default();
            if is_over(status) && operation.is_success(status) {
                step.done(format!("{}, {status}", progress.done()));
                return await_settled(client, log.stack_id()).await;
            }
            if is_over(status) {
                drop(step);
                bail!(explain(client, stack_name, &event, progress.failures(), progress.began()).await);
            }
            progress.note_stack(&event);
        }
        // What somebody else has begun may end in ways of its own, such as without a rollback.
        if quiet == QUIET_POLLS {
            quiet = 0;
            let stack = DeployedStack::find(client, log.stack_id()).await?;
            let status = stack.as_ref().map_or("DELETE_COMPLETE", |stack| stack.status.as_str());
            if stack.as_ref().is_none_or(|stack| stack.condition != Condition::Changing) {
                if operation.is_success(status) {
                    step.done(format!("{}, {status}", progress.done()));
                    return Ok(());
                }
                bail!("{stack_name} is {status} now, though its events do not say how it came there");
            }
        }
        step.show(progress.under_way());
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(Duration::from_secs(3));
    }
}

/// The description of a stack may be a moment behind its events; what is read next must not be.
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

/// Whether a status of the stack is the last one of an operation. A creation or an update that fails says so, and then
/// is rolled back: nobody here switches that off.
fn is_over(status: &str) -> bool {
    status.ends_with("_COMPLETE")
        || matches!(status, "ROLLBACK_FAILED" | "UPDATE_ROLLBACK_FAILED" | "DELETE_FAILED")
}

#[cfg(test)]
mod tests {
    use super::is_over;

    #[test]
    fn an_operation_is_over_when_nothing_follows() {
        for status in ["CREATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "DELETE_FAILED"] {
            assert!(is_over(status), "{status}");
        }
        for status in ["UPDATE_IN_PROGRESS", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", "UPDATE_FAILED", ""] {
            assert!(!is_over(status), "{status}");
        }
    }
}
