//! Executing a change set, and following what CloudFormation does.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use aws_sdk_cloudformation::Client;
use aws_sdk_cloudformation::types::ResourceStatus;

use super::change_set::ChangeSet;
use super::events::EventLog;
use super::failure::explain;
use super::phase::{Phase, PhaseCell};
use super::progress::{Detail, Progress};
use crate::terminal::Step;

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
            "CloudFormation does not execute the change set; \
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
    loop {
        for event in log.fresh().await? {
            if !log.is_of_stack(&event) {
                progress.note(event);
                continue;
            }
            let status = event.resource_status().map(ResourceStatus::as_str).unwrap_or_default();
            if is_over(status) && operation.is_success(status) {
                step.done(format!("{}, {status}", progress.done()));
                return Ok(());
            }
            if is_over(status) {
                drop(step);
                bail!(explain(client, stack_name, &event, progress.failures(), progress.began()).await);
            }
            progress.note_stack(&event);
        }
        step.show(progress.under_way());
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(Duration::from_secs(3));
    }
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
