//! A stack as CloudFormation has it.

mod outputs;

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use aws_sdk_cloudformation::Client;
use aws_sdk_cloudformation::error::ProvideErrorMetadata;
use aws_sdk_cloudformation::types::{DeploymentConfigMode, Stack, StackStatus, TemplateStage};
use chrono::{DateTime, Utc};
use stack::{DeployedTemplate, Environment};

pub use self::outputs::Outputs;
use crate::connection::Connection;

/// A stack that exists, in whatever condition.
pub struct DeployedStack {
    /// Its ARN, by which it can be asked about even after it is gone.
    pub id: String,
    /// CloudFormation's status of the stack.
    pub status: StackStatus,
    /// What can be done with it.
    pub condition: Condition,
    /// Whether its last operation was in express mode, which decides how a failure of it is recovered from.
    pub was_express: bool,
    /// When it was last changed.
    pub changed_at: Option<DateTime<Utc>>,
    /// Its outputs.
    pub outputs: Outputs,
    /// What the Parameter Store held for the template's parameters at the last deployment, by the parameters' names.
    pub facts: BTreeMap<String, String>,
}

/// What can be done with a stack:
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/view-stack-events.html>.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Condition {
    /// It can be changed.
    Settled,
    /// It is being changed.
    Changing,
    /// Its creation or its deletion failed: it can only be deleted.
    Broken,
    /// An update failed, and so did its rollback, which can only be continued.
    RollbackFailed,
    /// An update failed and was not rolled back. What was there before has to be put back first.
    UpdateFailed,
}

impl Condition {
    fn of(status: &StackStatus) -> Self {
        match status {
            StackStatus::CreateFailed
            | StackStatus::DeleteFailed
            | StackStatus::ImportRollbackFailed
            | StackStatus::RollbackComplete
            | StackStatus::RollbackFailed => Self::Broken,
            StackStatus::UpdateRollbackFailed => Self::RollbackFailed,
            StackStatus::UpdateFailed => Self::UpdateFailed,
            status if status.as_str().ends_with("_IN_PROGRESS") => Self::Changing,
            // CREATE_COMPLETE, UPDATE_COMPLETE, UPDATE_ROLLBACK_COMPLETE, IMPORT_COMPLETE, IMPORT_ROLLBACK_COMPLETE.
            _ => Self::Settled,
        }
    }
}

impl DeployedStack {
    /// Find a stack. One that is only waiting for its first change set to be executed has nothing, and is none.
    pub async fn find(client: &Client, name: &str) -> Result<Option<Self>> {
        let answer = match client.describe_stacks().stack_name(name).send().await {
            Ok(answer) => answer,
            // CloudFormation has no code of its own for a stack that does not exist.
            Err(error) if error.message().is_some_and(|message| message.contains("does not exist")) => {
                return Ok(None);
            }
            Err(error) => return Err(error).with_context(|| format!("cannot look for the stack {name}")),
        };
        let stack = answer.stacks.unwrap_or_default().pop().context("CloudFormation returned no stack")?;
        let status = stack.stack_status.clone().context("CloudFormation returned no status for the stack")?;
        if [StackStatus::ReviewInProgress, StackStatus::DeleteComplete].contains(&status) {
            return Ok(None);
        }
        Ok(Some(Self::new(stack, status)))
    }

    /// A stack that must be there.
    pub async fn get(client: &Client, name: &str) -> Result<Self> {
        let found = Self::find(client, name).await?;
        found.with_context(|| {
            format!(
                "there is no stack {name}; deploy it first with `cargo xtask deploy`, or name another --env"
            )
        })
    }

    fn new(stack: Stack, status: StackStatus) -> Self {
        let time = stack.last_updated_time.or(stack.creation_time);
        let facts = stack.parameters.unwrap_or_default().into_iter().filter_map(|parameter| {
            // Of a parameter that CloudFormation has looked up, the value is the path.
            Some((parameter.parameter_key?, parameter.resolved_value.or(parameter.parameter_value)?))
        });
        Self {
            id: stack.stack_id.unwrap_or_default(),
            condition: Condition::of(&status),
            was_express: stack
                .deployment_config
                .is_some_and(|config| config.mode == Some(DeploymentConfigMode::Express)),
            status,
            changed_at: time.and_then(|time| DateTime::from_timestamp(time.secs(), time.subsec_nanos())),
            facts: facts.collect(),
            outputs: Outputs::new(stack.outputs.unwrap_or_default()),
        }
    }

    /// The template that it was deployed from.
    pub async fn template(&self, client: &Client) -> Result<DeployedTemplate> {
        let request = client.get_template().stack_name(&self.id).template_stage(TemplateStage::Original);
        let answer = request.send().await;
        let answer = answer.with_context(|| format!("cannot read the template of {}", self.id))?;
        let body = answer.template_body.with_context(|| format!("{} has no template", self.id))?;
        DeployedTemplate::parse(&body).with_context(|| format!("in the template of {}", self.id))
    }
}

/// What is deployed, as far as it can be compared with.
pub struct Deployed {
    /// The stack.
    pub stack: DeployedStack,
    /// Its template.
    pub template: DeployedTemplate,
}

impl Deployed {
    /// What is deployed; none where there is nothing, or what never came up.
    pub async fn read(environment: &Environment, connection: &Connection) -> Result<Option<Self>> {
        let client = Client::new(&connection.configuration);
        let stack = DeployedStack::find(&client, &stack::stack_name(environment)).await?;
        let Some(stack) = stack.filter(|stack| stack.condition != Condition::Broken) else { return Ok(None) };
        let template = stack.template(&client).await?;
        Ok(Some(Self { stack, template }))
    }
}

#[cfg(test)]
impl DeployedStack {
    /// A stack that was deployed with these facts.
    pub fn with_facts(facts: BTreeMap<String, String>) -> Self {
        Self { facts, ..Self::new(Stack::builder().build(), StackStatus::CreateComplete) }
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_cloudformation::types::StackStatus;

    use super::Condition::{self, Broken, Changing, RollbackFailed, Settled, UpdateFailed};

    /// Of every status that CloudFormation has, so that a new one is noticed when the SDK is updated.
    #[test]
    fn every_stack_status_has_its_condition() {
        for status in StackStatus::values() {
            let expected = match *status {
                "CREATE_COMPLETE"
                | "UPDATE_COMPLETE"
                | "UPDATE_ROLLBACK_COMPLETE"
                | "IMPORT_COMPLETE"
                | "IMPORT_ROLLBACK_COMPLETE" => Settled,
                "CREATE_FAILED"
                | "DELETE_FAILED"
                | "ROLLBACK_COMPLETE"
                | "ROLLBACK_FAILED"
                | "IMPORT_ROLLBACK_FAILED" => Broken,
                "UPDATE_FAILED" => UpdateFailed,
                "UPDATE_ROLLBACK_FAILED" => RollbackFailed,
                // Such a stack counts as none.
                "DELETE_COMPLETE" => continue,
                status if status.ends_with("_IN_PROGRESS") => Changing,
                status => panic!("{status} is a status that this test does not know"),
            };
            assert_eq!(Condition::of(&StackStatus::from(*status)), expected, "{status}");
        }
    }
}
