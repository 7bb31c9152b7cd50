//! Updates a stack to a template: change set, execution, and the causes of failures.

mod change_set;
mod events;
mod execution;
mod failure;
mod phase;
mod progress;
mod revert;
mod source;
mod takeover;
#[cfg(test)]
pub(crate) mod testing;

use anyhow::Result;
use aws_sdk_cloudformation::Client;
use stack::{DeployedTemplate, Environment};

pub(crate) use self::change_set::ProposedChange;
use self::change_set::{ChangeSet, Proposal, Purpose};
pub(crate) use self::events::EventLog;
pub(crate) use self::execution::{Operation, follow};
pub(crate) use self::phase::{Phase, PhaseCell};
pub(crate) use self::progress::{Detail, Reporter};
pub(crate) use self::revert::revert_drift;
pub(crate) use self::source::{TemplateSource, template_source};
use crate::approvals::Approvals;
use crate::connection::Connection;
use crate::rollback_guard::RollbackGuard;

/// How CloudFormation applies changes:
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DeploymentConfig.html>.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Waits until every resource has stabilized.
    Standard,
    /// Does not wait for resources to stabilize, and is several times as fast.
    ///
    /// Changes may still be propagating at the end.
    Express,
}

/// The result of updating a stack to a template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Applied {
    Changes,
    /// CloudFormation makes the changes, and was not waited for.
    Started,
    /// The stack keeps its template: CloudFormation ignores some differences, such as in a description.
    Nothing,
}

/// Everything needed to update a stack to a template.
#[derive(Clone, Copy)]
pub(crate) struct Application<'a> {
    pub environment: &'a Environment,
    pub connection: &'a Connection,
    /// Which resources that hold data may be replaced or removed.
    pub approvals: &'a Approvals,
    pub mode: Mode,
    /// The alarms that roll the change back. In express mode, there are none.
    pub guard: &'a RollbackGuard,
    /// Whether to wait for the end. Otherwise, CloudFormation continues by itself.
    pub waits: bool,
    pub reporter: Reporter<'a>,
    pub phase: &'a PhaseCell,
}

impl Application<'_> {
    /// Updates the environment's stack to `template`. The caller has obtained confirmation.
    ///
    /// `check` runs immediately before the change set is executed, which can be minutes after the template was
    /// created, with what CloudFormation would do. If it fails, nothing is changed.
    pub(crate) async fn update_to(
        &self,
        template: &DeployedTemplate,
        check: impl AsyncFnOnce(&[ProposedChange]) -> Result<()>,
    ) -> Result<Applied> {
        let client = self.connection.cloudformation();
        let body = source::template_source(self.environment, self.connection, template).await?;
        let Some(change_set) = self.propose(&client, &body).await? else { return Ok(Applied::Nothing) };
        if let Err(rejection) = change_set.reject_data_loss(self.environment, self.approvals) {
            change_set.discard(&client).await;
            return Err(rejection);
        }
        if let Err(reason) = check(&change_set.proposed_changes()).await {
            change_set.discard(&client).await;
            return Err(reason);
        }
        let imported = change_set.imported();
        let execution = execution::execute(&client, &change_set, self.reporter, self.phase).await?;
        // Imported resources are changed by a second update.
        if !self.waits && imported.is_empty() {
            return Ok(Applied::Started);
        }
        if let Err(error) = execution.follow(&client).await {
            return Err(match self.guard.active(self.connection).await {
                Some(alarms) => error.context(alarms),
                None => error,
            });
        }
        if !imported.is_empty() {
            takeover::update_to_template(&client, self, &body, &imported).await?;
        }
        Ok(Applied::Changes)
    }

    /// Creates a change set, in standard mode if express mode does not support the changes.
    ///
    /// Returns `None` if there are no changes.
    async fn propose(&self, client: &Client, body: &TemplateSource) -> Result<Option<ChangeSet>> {
        let operator = self.reporter.operator;
        let step = operator.begin("change set");
        let mut proposal =
            ChangeSet::propose(client, self.environment, body, Purpose::Change(self.mode), self.guard)
                .await?;
        if let Proposal::Changes(change_set) = &proposal
            && change_set.mode == Mode::Express
            && !change_set.replaced().is_empty()
        {
            operator.note(&format!(
                "  express mode is not used: it does not support replacing resources ({})",
                change_set.replaced().join(", ")
            ));
            change_set.discard(client).await;
            let purpose = Purpose::Change(Mode::Standard);
            proposal = ChangeSet::propose(client, self.environment, body, purpose, self.guard).await?;
        }
        Ok(match proposal {
            Proposal::NoChanges => {
                step.done("CloudFormation finds nothing to change");
                None
            }
            Proposal::Changes(change_set) => {
                step.done(&change_set.summary());
                Some(change_set)
            }
        })
    }
}

#[cfg(test)]
mod tests;
