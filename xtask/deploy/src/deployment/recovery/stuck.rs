//! Recovery from failed rollbacks, and from failed updates that were not rolled back.

use anyhow::{Context, Result, bail};
use aws_sdk_cloudformation::Client;
use aws_sdk_cloudformation::types::{
    Capability, DeploymentConfig, DeploymentConfigMode, ResourceStatus, StackResource,
};

use super::RecoverySettings;
use crate::advice::command_for;
use crate::apply::{EventLog, Operation, Phase, TemplateSource, follow};
use crate::connection::request_token;
use crate::deployed_stack::{Condition, DeployedStack};

/// Continues a failed rollback without the resources to skip.
pub(super) async fn finish_rollback(
    client: &Client,
    stack: &DeployedStack,
    stack_name: &str,
    settings: &RecoverySettings<'_>,
) -> Result<()> {
    if !settings.skip.is_empty() {
        check_skipped(&failed_resources(client, stack).await?, settings.skip)?;
    }
    if !settings.require_confirmation(client, stack, "Continue that rollback?").await? {
        return Ok(());
    }
    settings.phase.set(Phase::Executing);
    let mut log = EventLog::begin(client, &stack.id).await?;
    let token = request_token("continue-rollback");
    let request = client.continue_update_rollback().stack_name(&stack.id).client_request_token(token);
    let skip = (!settings.skip.is_empty()).then(|| settings.skip.to_vec());
    let begun = request.set_resources_to_skip(skip).send().await;
    begun.context("CloudFormation rejected the continuation of the rollback")?;
    let Err(failure) = follow(client, &mut log, stack_name, Operation::RollBack, settings.reporter).await
    else {
        return Ok(());
    };
    settings.phase.set(Phase::Preparing);
    let now = DeployedStack::find(client, &stack.id).await?;
    if now.is_none_or(|now| now.condition != Condition::RollbackFailed) {
        return Err(failure);
    }
    let failed = failed_resources(client, stack).await?;
    if failed.is_empty() {
        return Err(failure);
    }
    let flags: Vec<String> = failed.iter().map(|resource| format!("--skip {}", id_of(resource))).collect();
    bail!(
        "{failure}\nIf it cannot be fixed: {} finishes the rollback and leaves these as they are.\nThey then \
         differ from the template: {} shows how; set them to it by hand before the next deployment.",
        command_for(&settings.environment.name, &format!("deploy {}", flags.join(" "))),
        command_for(&settings.environment.name, "drift")
    )
}

/// Returns the resources that the rollback failed to restore.
///
/// CloudFormation can skip only these:
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ContinueUpdateRollback.html>.
async fn failed_resources(client: &Client, stack: &DeployedStack) -> Result<Vec<StackResource>> {
    let response = client.describe_stack_resources().stack_name(&stack.id).send().await;
    let response = response.context("cannot read the resources of the stack")?;
    let mut resources = response.stack_resources.unwrap_or_default();
    resources.retain(|resource| resource.resource_status == Some(ResourceStatus::UpdateFailed));
    Ok(resources)
}

fn id_of(resource: &StackResource) -> &str {
    resource.logical_resource_id.as_deref().unwrap_or_default()
}

fn check_skipped(failed: &[StackResource], skip: &[String]) -> Result<()> {
    let is_unknown = |id: &&String| !failed.iter().any(|resource| id_of(resource) == id.as_str());
    let unknown: Vec<&str> = skip.iter().filter(is_unknown).map(String::as_str).collect();
    if unknown.is_empty() {
        return Ok(());
    }
    let reason = |resource: &StackResource| resource.resource_status_reason.clone().unwrap_or_default();
    let failed: Vec<String> =
        failed.iter().map(|resource| format!("  {}: {}", id_of(resource), reason(resource))).collect();
    bail!(
        "nothing was changed: {} cannot be skipped, only resources that the rollback could not restore:\n{}",
        unknown.join(", "),
        failed.join("\n")
    )
}

/// Restores the previous state of a stack whose update failed without a rollback.
///
/// `RollbackStack` does not support stacks that were updated in express mode. Until such a stack is complete again,
/// every operation must use express mode with rollback disabled. The last successful template is therefore applied
/// again: <https://github.com/aws/aws-cdk-cli/issues/1739>, <https://github.com/aws/aws-cdk-cli/pull/1970>.
pub(super) async fn restore_previous_state(
    client: &Client,
    stack: &DeployedStack,
    stack_name: &str,
    settings: &RecoverySettings<'_>,
    last_successful_template: &impl AsyncFn() -> Result<TemplateSource>,
) -> Result<()> {
    if !settings.require_confirmation(client, stack, "Restore the previous state?").await? {
        return Ok(());
    }
    if !stack.was_express {
        settings.phase.set(Phase::Executing);
        let mut log = EventLog::begin(client, &stack.id).await?;
        let token = request_token("roll-back");
        let begun = client.rollback_stack().stack_name(&stack.id).client_request_token(token).send().await;
        begun.context("CloudFormation rejected the rollback of the update")?;
        return follow(client, &mut log, stack_name, Operation::RollBack, settings.reporter).await;
    }
    let template = last_successful_template().await?;
    settings.phase.set(Phase::Executing);
    let mut log = EventLog::begin(client, &stack.id).await?;
    let mode = DeploymentConfig::builder().mode(DeploymentConfigMode::Express).disable_rollback(true).build();
    let request = client
        .update_stack()
        .stack_name(&stack.id)
        .client_request_token(request_token("put-back"))
        .capabilities(Capability::CapabilityIam)
        .deployment_config(mode);
    let request = match template {
        TemplateSource::Body(body) => request.template_body(body),
        TemplateSource::Url(url) => request.template_url(url),
    };
    request.send().await.context("CloudFormation rejected the last successful template")?;
    follow(client, &mut log, stack_name, Operation::Update, settings.reporter).await
}
