//! Change sets, which determine what would change before anything is changed.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use aws_sdk_cloudformation::Client;
use aws_sdk_cloudformation::operation::create_change_set::CreateChangeSetError;
use aws_sdk_cloudformation::operation::describe_change_set::DescribeChangeSetOutput;
use aws_sdk_cloudformation::types::{
    Capability, ChangeAction, ChangeSetStatus, ChangeSetType, DeploymentConfig, DeploymentConfigMode,
    DeploymentMode, EvaluationType, PolicyAction, Replacement, RequiresRecreation, ResourceChange,
};
use stack::{ActionCounts, Environment, ResourceAction};

use super::Mode;
use super::failure::{Subject, failure_message, validation_failures};
use super::source::TemplateSource;
use crate::advice::command_for;
use crate::approvals::Approvals;
use crate::connection::request_token;
use crate::deployed_stack::{Condition, DeployedStack};
use crate::rollback_guard::RollbackGuard;

/// How long to wait for a change set to be created.
const LIMIT: Duration = Duration::from_mins(5);

/// The purpose of a change set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Updates the stack to another template.
    Change(Mode),
    /// Reverts manual changes to what the template defines.
    RevertDrift,
}

/// The result of proposing a template.
pub(super) enum Proposal {
    /// The stack already matches the template.
    NoChanges,
    /// These changes would be made.
    Changes(ChangeSet),
}

/// A change set that can be executed.
pub(super) struct ChangeSet {
    /// Its ARN.
    pub(super) id: String,
    /// Its name, which makes a repeated request to execute it idempotent.
    pub(super) name: String,
    /// The stack's ARN. Unlike the name, it can be used to read events after the stack is deleted.
    pub(super) stack_id: String,
    /// The stack's name.
    pub(super) stack_name: String,
    /// Whether the stack is new.
    pub(super) creates_stack: bool,
    /// The mode in which it is executed.
    pub(super) mode: Mode,
    /// What is watched after the last change, if anything is.
    pub(super) watch: Option<String>,
    changes: Vec<ResourceChange>,
}

/// What CloudFormation would do to one resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ProposedChange {
    /// The name of the resource in the template.
    pub(crate) logical_id: String,
    /// The type of the resource.
    pub(crate) resource_type: String,
    /// What happens to it.
    pub(crate) action: ResourceAction,
    /// The references that cause it, such as `Queue.Arn`.
    pub(crate) causes: Vec<String>,
}

impl ChangeSet {
    /// Creates a change set for a template.
    pub(super) async fn propose(
        client: &Client,
        environment: &Environment,
        template: &TemplateSource,
        purpose: Purpose,
        guard: &RollbackGuard,
    ) -> Result<Proposal> {
        let stack_name = &stack::stack_name(environment);
        let stack = DeployedStack::find(client, stack_name).await?;
        if let Some(stack) = stack.as_ref().filter(|stack| stack.condition != Condition::Settled) {
            bail!(
                "{stack_name} is being changed, or was left in the middle of a change ({}); {} waits for it or \
                 recovers the stack",
                stack.status,
                command_for(&environment.name, "deploy")
            );
        }
        let creates_stack = stack.is_none();
        let name = request_token("deploy");
        let kind = if creates_stack { ChangeSetType::Create } else { ChangeSetType::Update };
        let request = client
            .create_change_set()
            .stack_name(stack_name)
            .change_set_name(&name)
            .change_set_type(kind)
            .client_token(&name)
            .capabilities(Capability::CapabilityIam)
            // The bucket outlives a deleted stack. The next stack imports it again.
            .import_existing_resources(creates_stack);
        let (request, mode) = match purpose {
            Purpose::Change(Mode::Standard) => {
                (request.rollback_configuration(guard.configuration()), Mode::Standard)
            }
            Purpose::Change(Mode::Express) => {
                (request.deployment_config(express_with_rollback()), Mode::Express)
            }
            Purpose::RevertDrift => (request.deployment_mode(DeploymentMode::RevertDrift), Mode::Standard),
        };
        let request = match template {
            TemplateSource::Body(body) => request.template_body(body),
            TemplateSource::Url(url) => request.template_url(url),
        };
        let id = match request.send().await {
            Ok(created) => created.id,
            // The response to the first attempt was lost and the SDK retried the request. The name is unique to this
            // request.
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(CreateChangeSetError::is_already_exists_exception) =>
            {
                let existing =
                    client.describe_change_set().stack_name(stack_name).change_set_name(&name).send().await;
                existing.context("cannot read the change set")?.change_set_id
            }
            Err(error) => return Err(error).context("CloudFormation rejected the template"),
        };
        let id = id.context("CloudFormation returned no id for the change set")?;

        let described = wait_until_created(client, &id).await?;
        if described.status == Some(ChangeSetStatus::Failed) {
            let reason = described.status_reason.unwrap_or_default();
            let causes = validation_failures(client, Subject::ChangeSet(&id)).await;
            let _ = client.delete_change_set().change_set_name(&id).send().await;
            if reason.contains("didn't contain changes") || reason.contains("No updates are to be performed")
            {
                return Ok(Proposal::NoChanges);
            }
            bail!(failure_message(
                environment.name.as_str(),
                &format!("CloudFormation could not create the change set: {reason}"),
                &causes
            ));
        }
        let changes = all_changes(client, &id).await?;
        let stack_id = described.stack_id.context("CloudFormation returned no id for the stack")?;
        Ok(Proposal::Changes(Self {
            id,
            name,
            stack_id,
            stack_name: stack_name.to_owned(),
            creates_stack,
            mode,
            changes,
            watch: guard.watch().filter(|_| mode == Mode::Standard),
        }))
    }

    /// Returns the resources that would be replaced, including conditional replacements.
    pub(super) fn replaced(&self) -> Vec<&str> {
        let is_replaced = |change: &&ResourceChange| {
            matches!(change.replacement, Some(Replacement::True | Replacement::Conditional))
        };
        self.changes.iter().filter(is_replaced).filter_map(ResourceChange::logical_resource_id).collect()
    }

    /// Returns the existing resources that would be imported.
    pub(super) fn imported(&self) -> Vec<String> {
        let imports = |change: &&ResourceChange| change.action == Some(ChangeAction::Import);
        self.changes.iter().filter(imports).filter_map(|change| change.logical_resource_id.clone()).collect()
    }

    /// Returns the resources that would change.
    pub(super) fn resources(&self) -> BTreeSet<String> {
        self.changes.iter().filter_map(|change| change.logical_resource_id.clone()).collect()
    }

    /// Returns what CloudFormation would do to each resource.
    pub(super) fn proposed_changes(&self) -> Vec<ProposedChange> {
        self.changes.iter().filter_map(ProposedChange::new).collect()
    }

    /// Returns the number of resources for each action.
    pub(super) fn summary(&self) -> String {
        let actions = self.proposed_changes().into_iter().map(|change| change.action);
        actions.collect::<ActionCounts>().to_string()
    }

    /// Rejects the change set if CloudFormation would delete a resource that holds data, unless that was allowed.
    ///
    /// The review reports this too, but the change set is what is executed.
    pub(super) fn reject_data_loss(&self, environment: &Environment, approvals: &Approvals) -> Result<()> {
        let deletes = |change: &&ResourceChange| {
            let is_deleted =
                matches!(change.policy_action, Some(PolicyAction::Delete | PolicyAction::ReplaceAndDelete));
            is_deleted && change.resource_type().is_some_and(stack::holds_data)
        };
        let losses = self.changes.iter().filter(deletes).filter_map(ResourceChange::logical_resource_id);
        let lost: Vec<&str> = losses.filter(|id| !approvals.allow_loss_of(id)).collect();
        if lost.is_empty() {
            return Ok(());
        }
        bail!(
            "CloudFormation would delete {}, including its data; nothing was changed; to allow it, run {}",
            lost.join(", "),
            command_for(&environment.name, "deploy --allow-data-loss")
        )
    }

    /// Deletes the change set, and the empty stack if creating it created one.
    pub(super) async fn discard(&self, client: &Client) {
        let _ = client.delete_change_set().change_set_name(&self.id).send().await;
        if self.creates_stack {
            let _ = client.delete_stack().stack_name(&self.stack_id).send().await;
        }
    }
}

impl ProposedChange {
    /// Describes the change on one line.
    pub(crate) fn to_text(&self) -> String {
        let what = match self.action {
            ResourceAction::Add => "is added",
            ResourceAction::Import => "is imported",
            ResourceAction::MayChange => "may change",
            ResourceAction::Change => "changes",
            ResourceAction::MayBeReplaced => "may be replaced",
            ResourceAction::Replace => "is replaced",
            ResourceAction::Remove => "is removed",
        };
        let causes =
            if self.causes.is_empty() { String::new() } else { format!(" with {}", self.causes.join(", ")) };
        format!("{} ({}) {what}{causes}", self.logical_id, self.resource_type)
    }

    fn new(change: &ResourceChange) -> Option<Self> {
        let details = change.details.iter().flatten();
        let action = match change.action.as_ref()? {
            ChangeAction::Add => ResourceAction::Add,
            ChangeAction::Import => ResourceAction::Import,
            ChangeAction::Remove => ResourceAction::Remove,
            ChangeAction::Modify => match change.replacement {
                Some(Replacement::True) => ResourceAction::Replace,
                Some(Replacement::Conditional) if may_be_replaced(change) => ResourceAction::MayBeReplaced,
                // Only when the change is made, CloudFormation finds out whether the value is another one.
                _ if details.clone().count() > 0
                    && details.clone().all(|detail| detail.evaluation == Some(EvaluationType::Dynamic)) =>
                {
                    ResourceAction::MayChange
                }
                _ => ResourceAction::Change,
            },
            // A resource that CloudFormation cannot compare yet, or an action that does not occur here.
            _ => ResourceAction::MayChange,
        };
        let causes: BTreeSet<String> = details.filter_map(|detail| detail.causing_entity.clone()).collect();
        Some(Self {
            logical_id: change.logical_resource_id.clone()?,
            resource_type: change.resource_type.clone().unwrap_or_default(),
            action,
            causes: causes.into_iter().collect(),
        })
    }
}

/// Returns whether a resource is replaced if a value turns out to differ.
///
/// CloudFormation and the emulator also say "conditional" where they do not know whether a property can be changed in
/// place. For the types of our templates, the review knows it.
fn may_be_replaced(change: &ResourceChange) -> bool {
    let mut targets = change.details.iter().flatten().filter_map(|detail| detail.target.as_ref());
    let is_known = change.resource_type().is_some_and(stack::is_known_type);
    !is_known || targets.any(|target| target.requires_recreation == Some(RequiresRecreation::Always))
}

/// Returns a configuration for express mode in which a failure is rolled back.
///
/// If `DisableRollback` is omitted, CloudFormation disables rollback and rejects replacements, contrary to the
/// default in the service model. It rejects the top-level field beside the configuration:
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-express-mode.html>,
/// <https://github.com/aws/aws-cdk-cli/issues/1931>, <https://github.com/aws/aws-sam-cli/pull/9106>.
fn express_with_rollback() -> DeploymentConfig {
    DeploymentConfig::builder().mode(DeploymentConfigMode::Express).disable_rollback(false).build()
}

async fn wait_until_created(client: &Client, id: &str) -> Result<DescribeChangeSetOutput> {
    let created = async {
        let mut pause = Duration::from_millis(50);
        loop {
            let response = client.describe_change_set().change_set_name(id).send().await;
            let response = response.context("cannot read the change set")?;
            match response.status {
                Some(ChangeSetStatus::CreateComplete | ChangeSetStatus::Failed) => return Ok(response),
                _ => tokio::time::sleep(pause).await,
            }
            pause = (pause * 2).min(Duration::from_secs(2));
        }
    };
    tokio::time::timeout(LIMIT, created)
        .await
        .context("CloudFormation did not create the change set in time")?
}

async fn all_changes(client: &Client, id: &str) -> Result<Vec<ResourceChange>> {
    let mut changes = Vec::new();
    let mut token = None;
    loop {
        let page = client.describe_change_set().change_set_name(id).set_next_token(token).send().await;
        let page = page.context("cannot read the change set")?;
        changes
            .extend(page.changes.unwrap_or_default().into_iter().filter_map(|change| change.resource_change));
        token = page.next_token.filter(|token| !token.is_empty());
        if token.is_none() {
            changes.sort_by(|one, other| one.logical_resource_id.cmp(&other.logical_resource_id));
            return Ok(changes);
        }
    }
}

#[cfg(test)]
pub(super) mod tests;
