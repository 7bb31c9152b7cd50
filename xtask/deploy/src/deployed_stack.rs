//! A deployed stack.

mod outputs;

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use aws_sdk_cloudformation::Client;
use aws_sdk_cloudformation::error::ProvideErrorMetadata;
use aws_sdk_cloudformation::types::{DeploymentConfigMode, Stack, StackStatus, TemplateStage};
use chrono::{DateTime, Utc};
use stack::{DeployedTemplate, Environment};

pub use self::outputs::Outputs;
use crate::advice::command_for;
use crate::connection::Connection;

/// An existing stack, in any condition.
pub struct DeployedStack {
    /// Its ARN, which also works for requests after the stack is deleted.
    pub id: String,
    /// The status in CloudFormation.
    pub status: StackStatus,
    /// What can be done with the stack.
    pub condition: Condition,
    /// Whether its last operation used express mode.
    ///
    /// This determines how to recover from a failure.
    pub was_express: bool,
    /// When the stack was last changed.
    pub changed_at: Option<DateTime<Utc>>,
    /// Its outputs.
    pub outputs: Outputs,
    /// The values of the template's parameters at the last deployment, by their names.
    pub parameters: BTreeMap<String, String>,
}

/// What can be done with a stack:
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/view-stack-events.html>.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Condition {
    /// It can be updated.
    Settled,
    /// It is being changed.
    Changing,
    /// Its creation or deletion failed. It can only be deleted.
    Broken,
    /// An update and its rollback failed. The rollback can only be continued.
    RollbackFailed,
    /// An update failed and was not rolled back. The previous state must be restored first.
    UpdateFailed,
}

impl Condition {
    fn from_status(status: &StackStatus) -> Self {
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
    /// Finds a stack. Returns `None` for a stack without resources whose first change set was not executed yet.
    pub async fn find(client: &Client, name: &str) -> Result<Option<Self>> {
        let response = match client.describe_stacks().stack_name(name).send().await {
            Ok(response) => response,
            // CloudFormation has no separate error code for a stack that does not exist.
            Err(error) if error.message().is_some_and(|message| message.contains("does not exist")) => {
                return Ok(None);
            }
            Err(error) => return Err(error).with_context(|| format!("cannot look for the stack {name}")),
        };
        let stack = response.stacks.unwrap_or_default().pop().context("CloudFormation returned no stack")?;
        let status = stack.stack_status.clone().context("CloudFormation returned no status for the stack")?;
        if [StackStatus::ReviewInProgress, StackStatus::DeleteComplete].contains(&status) {
            return Ok(None);
        }
        Ok(Some(Self::new(stack, status)))
    }

    /// Returns a stack, or an error if it does not exist.
    pub async fn get(client: &Client, environment: &Environment) -> Result<Self> {
        let name = stack::stack_name(environment);
        let found = Self::find(client, &name).await?;
        found.with_context(|| {
            let deploy = command_for(&environment.name, "deploy");
            format!("there is no stack {name}; deploy it first with {deploy}, or name another --env")
        })
    }

    fn new(stack: Stack, status: StackStatus) -> Self {
        let time = stack.last_updated_time.or(stack.creation_time);
        let parameters = stack.parameters.unwrap_or_default().into_iter().filter_map(|parameter| {
            // For a parameter that CloudFormation resolved, the plain value is the path.
            Some((parameter.parameter_key?, parameter.resolved_value.or(parameter.parameter_value)?))
        });
        Self {
            id: stack.stack_id.unwrap_or_default(),
            condition: Condition::from_status(&status),
            was_express: stack
                .deployment_config
                .is_some_and(|config| config.mode == Some(DeploymentConfigMode::Express)),
            status,
            changed_at: time.and_then(|time| DateTime::from_timestamp(time.secs(), time.subsec_nanos())),
            parameters: parameters.collect(),
            outputs: Outputs::new(stack.outputs.unwrap_or_default()),
        }
    }

    /// Returns the template that the stack was deployed with.
    pub async fn template(&self, client: &Client) -> Result<DeployedTemplate> {
        let request = client.get_template().stack_name(&self.id).template_stage(TemplateStage::Original);
        let response = request.send().await;
        let response = response.with_context(|| format!("cannot read the template of {}", self.id))?;
        let body = response.template_body.with_context(|| format!("{} has no template", self.id))?;
        DeployedTemplate::parse(&body).with_context(|| format!("in the template of {}", self.id))
    }
}

/// A deployed stack with its template.
pub struct Deployed {
    /// The stack.
    pub stack: DeployedStack,
    /// Its template.
    pub template: DeployedTemplate,
}

impl Deployed {
    /// Reads the deployed stack.
    ///
    /// Returns `None` if there is no stack or it was never created completely.
    pub async fn read(environment: &Environment, connection: &Connection) -> Result<Option<Self>> {
        let client = connection.cloudformation();
        let stack = DeployedStack::find(&client, &stack::stack_name(environment)).await?;
        let Some(stack) = stack.filter(|stack| stack.condition != Condition::Broken) else { return Ok(None) };
        let template = stack.template(&client).await?;
        Ok(Some(Self { stack, template }))
    }
}

#[cfg(test)]
impl DeployedStack {
    /// Returns a stack that was deployed with these platform parameters.
    pub fn with_parameters(parameters: BTreeMap<String, String>) -> Self {
        Self { parameters, ..Self::new(Stack::builder().build(), StackStatus::CreateComplete) }
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_cloudformation::types::StackStatus;

    use super::Condition::{self, Broken, Changing, RollbackFailed, Settled, UpdateFailed};

    /// Covers every status that CloudFormation has, so an SDK update with a new status fails this test.
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
                // Such a stack is treated as absent.
                "DELETE_COMPLETE" => continue,
                status if status.ends_with("_IN_PROGRESS") => Changing,
                status => panic!("{status} is a status that this test does not know"),
            };
            assert_eq!(Condition::from_status(&StackStatus::from(*status)), expected, "{status}");
        }
    }
}
