//! Recovers a stack that an earlier deployment left in a state in which it cannot be updated.

mod stuck;

use std::time::Duration;

use anyhow::{Context, Result, bail};
use aws_sdk_cloudformation::Client;
use aws_sdk_cloudformation::types::StackStatus;
use stack::Environment;

use crate::apply::{EventLog, Operation, Phase, PhaseCell, Reporter, TemplateSource, follow};
use crate::connection::request_token;
use crate::consent::Consent;
use crate::deployed_stack::{Condition, DeployedStack};
use crate::lock::LockGuard;

/// The pause between two reads of a stack that is being changed.
const PAUSE: Duration = Duration::from_secs(1);

/// What a recovery may do, and how it reports and confirms it.
pub(super) struct RecoverySettings<'a> {
    pub(super) environment: &'a Environment,
    pub(super) consent: Consent,
    /// Held except while the user is asked for confirmation.
    pub(super) lock: &'a LockGuard<'a>,
    pub(super) may_lose_data: bool,
    /// The logical IDs of the resources to skip when a failed rollback is continued.
    pub(super) skip: &'a [String],
    pub(super) reporter: Reporter<'a>,
    pub(super) phase: &'a PhaseCell,
}

/// Waits for an operation in progress, and recovers the stack from a failed one.
///
/// Each recovery has to be confirmed. `last_successful_template` returns the template of the release that was last
/// deployed successfully.
pub(super) async fn recover(
    client: &Client,
    stack_name: &str,
    settings: &RecoverySettings<'_>,
    last_successful_template: impl AsyncFn() -> Result<TemplateSource>,
) -> Result<()> {
    let mut may_skip = false;
    while let Some(stack) = DeployedStack::find(client, stack_name).await? {
        let status = &stack.status;
        match stack.condition {
            Condition::Settled => break,
            Condition::Changing => {
                settings.reporter.operator.note(&format!(
                    "  {stack_name} is still being changed ({status}); waiting until it has finished"
                ));
                let mut log = EventLog::with_current_operation(client, &stack.id).await?;
                follow(client, &mut log, stack_name, Operation::Other, settings.reporter).await?;
                tokio::time::sleep(PAUSE).await;
            }
            Condition::Broken => {
                settings.reporter.operator.note(&format!(
                    "  {stack_name} was not created or deleted completely ({status}): CloudFormation can only \
                     delete the rest of it"
                ));
                settings.check_deletion(&stack, stack_name)?;
                if !settings.require_confirmation(client, &stack, "Delete it and deploy again?").await? {
                    continue;
                }
                delete(client, &stack, stack_name, settings.reporter, settings.phase).await?;
                settings.phase.set(Phase::Preparing);
            }
            Condition::RollbackFailed => {
                may_skip = true;
                settings.reporter.operator.note(&format!(
                    "  the rollback of an earlier deployment of {stack_name} failed ({status}) and has to be \
                     finished first"
                ));
                stuck::finish_rollback(client, &stack, stack_name, settings).await?;
                settings.phase.set(Phase::Preparing);
            }
            Condition::UpdateFailed => {
                settings.reporter.operator.note(&format!(
                    "  an earlier update of {stack_name} failed and was not rolled back ({status}); the \
                     previous state has to be restored first"
                ));
                stuck::restore_previous_state(
                    client,
                    &stack,
                    stack_name,
                    settings,
                    &last_successful_template,
                )
                .await?;
                settings.phase.set(Phase::Preparing);
            }
        }
    }
    if !may_skip && !settings.skip.is_empty() {
        bail!(
            "nothing was changed: --skip is only for a failed rollback, and no rollback of {stack_name} has \
             failed"
        );
    }
    Ok(())
}

impl RecoverySettings<'_> {
    /// Asks for confirmation, and returns whether the stack is unchanged since then.
    async fn require_confirmation(
        &self,
        client: &Client,
        stack: &DeployedStack,
        question: &str,
    ) -> Result<bool> {
        self.lock.require_confirmation(self.consent, question).await?;
        if self.consent != Consent::Ask {
            return Ok(true);
        }
        let now = DeployedStack::find(client, &stack.id).await?;
        let is_same = now.is_some_and(|now| now.status == stack.status && now.changed_at == stack.changed_at);
        if !is_same {
            self.reporter.operator.note("  the stack changed while you were asked; reading it again");
        }
        Ok(is_same)
    }

    /// Rejects the deletion of a stack that may hold data.
    ///
    /// A stack that was never created completely is empty. A stack left by a failed deletion or rollback may not be.
    fn check_deletion(&self, stack: &DeployedStack, stack_name: &str) -> Result<()> {
        let never_created = [StackStatus::CreateFailed, StackStatus::RollbackComplete];
        if never_created.contains(&stack.status) {
            return Ok(());
        }
        if self.environment.protected {
            bail!("the environment is protected: inspect the rest of {stack_name} and delete it by hand");
        }
        if !self.may_lose_data {
            bail!("the rest of {stack_name} may hold data; to delete it, pass --allow-data-loss");
        }
        Ok(())
    }
}

/// Deletes a stack and waits until it is deleted.
pub async fn delete(
    client: &Client,
    stack: &DeployedStack,
    stack_name: &str,
    reporter: Reporter<'_>,
    phase: &PhaseCell,
) -> Result<()> {
    let mut log = EventLog::begin(client, &stack.id).await?;
    phase.set(Phase::Executing);
    let token = request_token("delete");
    let request = client.delete_stack().stack_name(&stack.id).client_request_token(token);
    request.send().await.with_context(|| format!("CloudFormation rejected the deletion of {stack_name}"))?;
    follow(client, &mut log, stack_name, Operation::Delete, reporter).await
}

#[cfg(test)]
mod tests;
