//! Change sets: what would change, before anything does.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use aws_sdk_cloudformation::Client;
use aws_sdk_cloudformation::operation::create_change_set::CreateChangeSetError;
use aws_sdk_cloudformation::operation::describe_change_set::DescribeChangeSetOutput;
use aws_sdk_cloudformation::types::{
    Capability, ChangeAction, ChangeSetStatus, ChangeSetType, DeploymentConfig, DeploymentConfigMode,
    DeploymentMode, PolicyAction, Replacement, ResourceChange,
};

use super::Mode;
use super::failure::{Subject, told, validation_failures};
use super::source::TemplateSource;
use crate::connection::request_token;
use crate::deployed_stack::{Condition, DeployedStack};

/// How long a change set may take to be made.
const LIMIT: Duration = Duration::from_mins(5);

/// What a change set is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// It brings the stack to another template.
    Change(Mode),
    /// It brings what somebody has changed by hand back to the template.
    RevertDrift,
}

/// What came of a proposal.
pub(super) enum Proposal {
    /// The stack is as the template says.
    NoChanges,
    /// These changes would be made.
    Changes(ChangeSet),
}

/// A change set that can be executed.
pub(super) struct ChangeSet {
    /// Its ARN.
    pub(super) id: String,
    /// Its name, by which a repeated request to execute it is known to be the same.
    pub(super) name: String,
    /// The stack's ARN, by which its events can be read even after it is gone.
    pub(super) stack_id: String,
    /// The stack's name.
    pub(super) stack_name: String,
    /// Whether the stack is new.
    pub(super) creates_stack: bool,
    /// How it is applied.
    pub(super) mode: Mode,
    changes: Vec<ResourceChange>,
}

impl ChangeSet {
    /// Have CloudFormation work out what a template would change.
    pub(super) async fn propose(
        client: &Client,
        stack_name: &str,
        template: &TemplateSource,
        purpose: Purpose,
    ) -> Result<Proposal> {
        let stack = DeployedStack::find(client, stack_name).await?;
        if let Some(stack) = stack.as_ref().filter(|stack| stack.condition != Condition::Settled) {
            bail!(
                "{stack_name} is being changed, or was left in the middle of a change ({}); `cargo xtask \
                 deploy` waits for it or recovers the stack",
                stack.status
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
            // The bucket outlives a stack that is destroyed; the next one takes it back.
            .import_existing_resources(creates_stack);
        let (request, mode) = match purpose {
            Purpose::Change(Mode::Standard) => (request, Mode::Standard),
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
            // The response to the first attempt was lost, and the SDK sent the request again. Nobody else uses this name.
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

        let described = wait_until_made(client, &id).await?;
        if described.status == Some(ChangeSetStatus::Failed) {
            let reason = described.status_reason.unwrap_or_default();
            let causes = validation_failures(client, Subject::ChangeSet(&id)).await;
            let _ = client.delete_change_set().change_set_name(&id).send().await;
            if reason.contains("didn't contain changes") || reason.contains("No updates are to be performed")
            {
                return Ok(Proposal::NoChanges);
            }
            bail!(told(&format!("CloudFormation could not create the change set: {reason}"), &causes));
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
        }))
    }

    /// The resources that would be replaced; what is conditional may be.
    pub(super) fn replaced(&self) -> Vec<&str> {
        let is_replaced = |change: &&ResourceChange| {
            matches!(change.replacement, Some(Replacement::True | Replacement::Conditional))
        };
        self.changes.iter().filter(is_replaced).filter_map(ResourceChange::logical_resource_id).collect()
    }

    /// The resources that exist, and are taken over.
    pub(super) fn imported(&self) -> Vec<String> {
        let imports = |change: &&ResourceChange| change.action == Some(ChangeAction::Import);
        self.changes.iter().filter(imports).filter_map(|change| change.logical_resource_id.clone()).collect()
    }

    /// The resources that change.
    pub(super) fn resources(&self) -> BTreeSet<String> {
        self.changes.iter().filter_map(|change| change.logical_resource_id.clone()).collect()
    }

    /// How many changes there are, of which kind.
    pub(super) fn summary(&self) -> String {
        let count = |action: &ChangeAction| {
            self.changes.iter().filter(|change| change.action.as_ref() == Some(action)).count()
        };
        let taken_back = match count(&ChangeAction::Import) {
            0 => String::new(),
            count => format!(", {count} to import"),
        };
        format!(
            "{} to add, {} to change, {} to remove{taken_back}",
            count(&ChangeAction::Add),
            count(&ChangeAction::Modify),
            count(&ChangeAction::Remove)
        )
    }

    /// Refuse to go on where CloudFormation would delete something that holds data. The review tells it too, but this
    /// is what will happen.
    pub(super) fn refuse_loss(&self) -> Result<()> {
        let deletes = |change: &&ResourceChange| {
            let is_deleted =
                matches!(change.policy_action, Some(PolicyAction::Delete | PolicyAction::ReplaceAndDelete));
            is_deleted && change.resource_type().is_some_and(stack::holds_data)
        };
        let lost: Vec<&str> =
            self.changes.iter().filter(deletes).filter_map(ResourceChange::logical_resource_id).collect();
        if lost.is_empty() {
            return Ok(());
        }
        bail!(
            "CloudFormation would delete {}, including its data; nothing was changed; to allow it, run `cargo \
             xtask deploy --allow-data-loss`",
            lost.join(", ")
        )
    }

    /// Throw the proposal away, and the empty stack that it made.
    pub(super) async fn discard(&self, client: &Client) {
        let _ = client.delete_change_set().change_set_name(&self.id).send().await;
        if self.creates_stack {
            let _ = client.delete_stack().stack_name(&self.stack_id).send().await;
        }
    }
}

/// Express mode, in which a failure is rolled back. Where `DisableRollback` is left out, CloudFormation disables rollback
/// and refuses replacements, whatever the model says of its default; the top-level field beside it is rejected:
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-express-mode.html>,
/// <https://github.com/aws/aws-cdk-cli/issues/1931>, <https://github.com/aws/aws-sam-cli/pull/9106>.
fn express_with_rollback() -> DeploymentConfig {
    DeploymentConfig::builder().mode(DeploymentConfigMode::Express).disable_rollback(false).build()
}

async fn wait_until_made(client: &Client, id: &str) -> Result<DescribeChangeSetOutput> {
    let made = async {
        let mut pause = Duration::from_millis(50);
        loop {
            let answer = client.describe_change_set().change_set_name(id).send().await;
            let answer = answer.context("cannot read the change set")?;
            match answer.status {
                Some(ChangeSetStatus::CreateComplete | ChangeSetStatus::Failed) => return Ok(answer),
                _ => tokio::time::sleep(pause).await,
            }
            pause = (pause * 2).min(Duration::from_secs(2));
        }
    };
    tokio::time::timeout(LIMIT, made).await.context("CloudFormation did not create the change set in time")?
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
