//! Bringing a stack that an earlier deployment left behind into a condition in which it can be changed.

use anyhow::{Context, Result};
use aws_sdk_cloudformation::Client;

use crate::apply::{Detail, EventLog, Operation, follow};
use crate::aws::request_token;
use crate::consent::{Consent, agree};
use crate::deployed_stack::{Condition, DeployedStack};
use crate::terminal;

/// Wait for what is under way, and clear away what failed, if somebody agrees.
pub(super) async fn settle(
    client: &Client,
    stack_name: &str,
    consent: Consent,
    detail: Detail,
) -> Result<()> {
    while let Some(stack) = DeployedStack::find(client, stack_name).await? {
        let status = &stack.status;
        match stack.condition {
            Condition::Settled => return Ok(()),
            Condition::Changing => {
                terminal::say(format!(
                    "  {stack_name} is still being changed ({status}); waiting for the end of it"
                ));
                let mut log = EventLog::of_current_operation(client, &stack.id).await?;
                follow(client, &mut log, stack_name, Operation::Other, detail).await?;
            }
            Condition::Broken => {
                terminal::say(format!(
                    "  {stack_name} did not come up, or was not deleted whole ({status}): \
                     CloudFormation can only delete what is left of it"
                ));
                agree(consent, "Delete it, and deploy anew?").await?;
                delete(client, &stack, stack_name, detail).await?;
            }
            Condition::RollbackFailed => {
                terminal::say(format!(
                    "  the rollback of an earlier deployment of {stack_name} got stuck ({status}); \
                     it has to be finished first"
                ));
                agree(consent, "Go on with that rollback?").await?;
                let mut log = EventLog::begin(client, &stack.id).await?;
                let token = request_token("continue-rollback");
                let request = client.continue_update_rollback().stack_name(&stack.id);
                let begun = request.client_request_token(token).send().await;
                begun.context("CloudFormation does not go on with the rollback")?;
                follow(client, &mut log, stack_name, Operation::RollBack, detail).await?;
            }
        }
    }
    Ok(())
}

/// Delete a stack, and wait until it is gone.
pub(crate) async fn delete(
    client: &Client,
    stack: &DeployedStack,
    stack_name: &str,
    detail: Detail,
) -> Result<()> {
    let mut log = EventLog::begin(client, &stack.id).await?;
    let token = request_token("delete");
    let request = client.delete_stack().stack_name(&stack.id).client_request_token(token);
    request.send().await.with_context(|| format!("CloudFormation does not delete {stack_name}"))?;
    follow(client, &mut log, stack_name, Operation::Delete, detail).await
}
