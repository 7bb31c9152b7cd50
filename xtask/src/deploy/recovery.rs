//! Bringing a stack that an earlier deployment left behind into a condition in which it can be changed.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use aws_sdk_cloudformation::Client;
use aws_sdk_cloudformation::types::StackStatus;

use crate::apply::{Detail, EventLog, Operation, Phase, PhaseCell, follow};
use crate::aws::request_token;
use crate::consent::{Consent, agree};
use crate::deployed_stack::{Condition, DeployedStack};
use crate::terminal;

/// Between two looks at a stack that is being changed.
const PAUSE: Duration = Duration::from_secs(1);

/// Who may have what cleared away.
pub(super) struct Terms<'a> {
    pub(super) consent: Consent,
    pub(super) is_protected: bool,
    pub(super) may_lose_data: bool,
    pub(super) detail: Detail,
    pub(super) phase: &'a PhaseCell,
}

/// Wait for what is under way, and clear away what failed, if somebody agrees.
pub(super) async fn settle(client: &Client, stack_name: &str, terms: &Terms<'_>) -> Result<()> {
    while let Some(stack) = DeployedStack::find(client, stack_name).await? {
        let status = &stack.status;
        match stack.condition {
            Condition::Settled => return Ok(()),
            Condition::Changing => {
                terminal::say(format!(
                    "  {stack_name} is still being changed ({status}); waiting for the end of it"
                ));
                let mut log = EventLog::of_current_operation(client, &stack.id).await?;
                follow(client, &mut log, stack_name, Operation::Other, terms.detail).await?;
                tokio::time::sleep(PAUSE).await;
            }
            Condition::Broken => {
                terminal::say(format!(
                    "  {stack_name} did not come up, or was not deleted whole ({status}): \
                     CloudFormation can only delete what is left of it"
                ));
                terms.allow_deletion(&stack, stack_name)?;
                agree(terms.consent, "Delete it, and deploy anew?").await?;
                delete(client, &stack, stack_name, terms.detail, terms.phase).await?;
                terms.phase.set(Phase::Preparing);
            }
            Condition::RollbackFailed => {
                terminal::say(format!(
                    "  the rollback of an earlier deployment of {stack_name} got stuck ({status}); \
                     it has to be finished first"
                ));
                agree(terms.consent, "Go on with that rollback?").await?;
                terms.phase.set(Phase::Executing);
                let mut log = EventLog::begin(client, &stack.id).await?;
                let token = request_token("continue-rollback");
                let request = client.continue_update_rollback().stack_name(&stack.id);
                let begun = request.client_request_token(token).send().await;
                begun.context("CloudFormation does not go on with the rollback")?;
                follow(client, &mut log, stack_name, Operation::RollBack, terms.detail).await?;
                terms.phase.set(Phase::Preparing);
            }
        }
    }
    Ok(())
}

impl Terms<'_> {
    /// Refuse to delete what may hold data. What never came up is empty; what a deletion or a rollback has left is not.
    fn allow_deletion(&self, stack: &DeployedStack, stack_name: &str) -> Result<()> {
        let never_came_up = [StackStatus::CreateFailed, StackStatus::RollbackComplete];
        if never_came_up.contains(&stack.status) {
            return Ok(());
        }
        if self.is_protected {
            bail!(
                "the environment is protected: look at what is left of {stack_name}, and delete it by hand"
            );
        }
        if !self.may_lose_data {
            bail!("what is left of {stack_name} may hold data; pass --allow-data-loss if it may go");
        }
        Ok(())
    }
}

/// Delete a stack, and wait until it is gone.
pub(crate) async fn delete(
    client: &Client,
    stack: &DeployedStack,
    stack_name: &str,
    detail: Detail,
    phase: &PhaseCell,
) -> Result<()> {
    let mut log = EventLog::begin(client, &stack.id).await?;
    phase.set(Phase::Executing);
    let token = request_token("delete");
    let request = client.delete_stack().stack_name(&stack.id).client_request_token(token);
    request.send().await.with_context(|| format!("CloudFormation does not delete {stack_name}"))?;
    follow(client, &mut log, stack_name, Operation::Delete, detail).await
}
