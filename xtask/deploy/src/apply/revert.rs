//! Reverts drift by a drift-aware change set.

use anyhow::Result;
use aws_sdk_cloudformation::Client;
use stack::{DeployedTemplate, Environment};

use super::change_set::{ChangeSet, Proposal, Purpose};
use super::{PhaseCell, Reporter, execution, template_source};
use crate::approvals::Approvals;
use crate::connection::Connection;
use crate::rollback_guard::RollbackGuard;

/// Changes all drifted resources of a stack to what its template says.
///
/// `confirm` runs before anything is changed. If it fails, nothing is.
pub(crate) async fn revert_drift(
    client: &Client,
    connection: &Connection,
    environment: &Environment,
    template: &DeployedTemplate,
    reporter: Reporter<'_>,
    phase: &PhaseCell,
    confirm: impl AsyncFnOnce() -> Result<()>,
) -> Result<()> {
    let body = template_source(environment, connection, template).await?;
    let step = reporter.operator.begin("change set");
    let guard = RollbackGuard::default();
    let proposal = ChangeSet::propose(client, environment, &body, Purpose::RevertDrift, &guard).await?;
    let Proposal::Changes(change_set) = proposal else {
        step.done("CloudFormation finds nothing that it can put back");
        return Ok(());
    };
    step.done(&change_set.summary());
    for change in change_set.proposed_changes() {
        reporter.operator.note(&format!("    {}", change.to_text()));
    }
    let allowed = change_set.reject_data_loss(environment, &Approvals::default());
    let confirmed = match allowed {
        Ok(()) => confirm().await,
        Err(rejection) => Err(rejection),
    };
    if let Err(reason) = confirmed {
        change_set.discard(client).await;
        return Err(reason);
    }
    execution::execute(client, &change_set, reporter, phase).await?.follow(client).await
}
