//! Change sets: what would change, before anything does.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, bail};
use aws_sdk_cloudformation::Client;
use aws_sdk_cloudformation::operation::describe_change_set::DescribeChangeSetOutput;
use aws_sdk_cloudformation::types::{
    Capability, ChangeAction, ChangeSetStatus, ChangeSetType, Replacement, ResourceChange, StackStatus,
};

use super::source::TemplateSource;
use crate::terminal::{self, paint};

/// How long a change set may take to be made.
const LIMIT: Duration = Duration::from_mins(5);

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
    /// The stack's ARN, by which its events can be read even after it is gone.
    pub(super) stack_id: String,
    /// The stack's name.
    pub(super) stack_name: String,
    /// Whether the stack is new.
    pub(super) creates_stack: bool,
    changes: Vec<ResourceChange>,
}

impl ChangeSet {
    /// Have CloudFormation work out what a template would change.
    pub(super) async fn propose(
        client: &Client,
        stack_name: &str,
        template: TemplateSource,
    ) -> Result<Proposal> {
        let creates_stack = match status_of(client, stack_name).await? {
            None | Some(StackStatus::ReviewInProgress) => true,
            Some(status) if status.as_str().ends_with("_IN_PROGRESS") => {
                bail!(
                    "{stack_name} is being changed right now ({status}); wait until that is over, and try again"
                )
            }
            Some(StackStatus::RollbackComplete) => bail!(
                "{stack_name} never came up (ROLLBACK_COMPLETE) and can only be deleted: \
                 `aws cloudformation delete-stack --stack-name {stack_name}`, then deploy again"
            ),
            Some(_) => false,
        };
        let nanoseconds = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
        let name = format!("deploy-{nanoseconds}");
        let kind = if creates_stack { ChangeSetType::Create } else { ChangeSetType::Update };
        let request = client
            .create_change_set()
            .stack_name(stack_name)
            .change_set_name(&name)
            .change_set_type(kind)
            .client_token(&name)
            .capabilities(Capability::CapabilityIam);
        let request = match template {
            TemplateSource::Body(body) => request.template_body(body),
            TemplateSource::Url(url) => request.template_url(url),
        };
        let created = request.send().await.context("CloudFormation does not take the template")?;
        let id = created.id.context("CloudFormation names no change set")?;

        let described = wait_until_made(client, &id).await?;
        if described.status == Some(ChangeSetStatus::Failed) {
            let reason = described.status_reason.unwrap_or_default();
            let _ = client.delete_change_set().change_set_name(&id).send().await;
            if reason.contains("didn't contain changes") || reason.contains("No updates are to be performed")
            {
                return Ok(Proposal::NoChanges);
            }
            bail!("CloudFormation cannot make the change set: {reason}");
        }
        let changes = all_changes(client, &id).await?;
        let stack_id = described.stack_id.context("CloudFormation names no stack")?;
        Ok(Proposal::Changes(Self {
            id,
            stack_id,
            stack_name: stack_name.to_owned(),
            creates_stack,
            changes,
        }))
    }

    /// How many changes there are, of which kind.
    pub(super) fn summary(&self) -> String {
        let count = |action: &ChangeAction| {
            self.changes.iter().filter(|change| change.action.as_ref() == Some(action)).count()
        };
        format!(
            "{} to add, {} to change, {} to remove",
            count(&ChangeAction::Add),
            count(&ChangeAction::Modify),
            count(&ChangeAction::Remove)
        )
    }

    /// Show every change.
    pub(super) fn show(&self) {
        for change in &self.changes {
            let (sign, color) = match (&change.action, &change.replacement) {
                (Some(ChangeAction::Add), _) => ("+", "32"),
                (Some(ChangeAction::Remove), _) => ("-", "31"),
                (_, Some(Replacement::True)) => ("± replaces", "31"),
                (_, Some(Replacement::Conditional)) => ("~ may replace", "33"),
                _ => ("~", "33"),
            };
            let name = change.logical_resource_id().unwrap_or_default();
            let kind = change.resource_type().unwrap_or_default();
            terminal::say(format!("      {} {name} {}", paint(sign, color), paint(kind, "2")));
        }
    }

    /// Throw the proposal away, and the empty stack that it made.
    pub(super) async fn discard(&self, client: &Client) {
        let _ = client.delete_change_set().change_set_name(&self.id).send().await;
        if self.creates_stack {
            let _ = client.delete_stack().stack_name(&self.stack_id).send().await;
        }
    }
}

/// The status of a stack; none where there is no such stack.
pub(crate) async fn status_of(client: &Client, stack_name: &str) -> Result<Option<StackStatus>> {
    match client.describe_stacks().stack_name(stack_name).send().await {
        Ok(answer) => Ok(answer.stacks.unwrap_or_default().pop().and_then(|stack| stack.stack_status)),
        // CloudFormation has no code of its own for a stack that does not exist.
        Err(error) => match aws_sdk_cloudformation::error::ProvideErrorMetadata::message(&error) {
            Some(message) if message.contains("does not exist") => Ok(None),
            _ => Err(error).with_context(|| format!("cannot look for the stack {stack_name}")),
        },
    }
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
    tokio::time::timeout(LIMIT, made).await.context("CloudFormation takes too long to make the change set")?
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
