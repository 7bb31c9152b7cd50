//! The deployed resources that the local stack serves.

use std::collections::BTreeMap;

use anyhow::Result;
use aws_sdk_cloudformation::Client;
use aws_sdk_cloudformation::types::StackStatus;
use deploy::deployed_stack::{Condition, DeployedStack, Outputs};
use lambda::control_plane::FunctionName;
use lambda::redeployment::ServedResources;
use stack::{FunctionName as Function, OutputName};

/// The resources that the outputs of the deployed stack name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct DeployedResources {
    /// The API, and the functions that queues invoke.
    pub(super) served: ServedResources,
    /// The deployed functions.
    pub(super) functions: BTreeMap<Function, FunctionName>,
    /// The distribution that the edge serves.
    pub(super) distribution_id: String,
    /// The restore queue.
    pub(super) restore_queue_url: String,
    /// Its dead-letter queue.
    pub(super) dead_letter_queue_url: String,
    /// The bucket for viewer assets.
    pub(super) assets_bucket: String,
}

impl DeployedResources {
    /// Reads the resources from the outputs of a stack.
    pub(super) fn from_outputs(outputs: &Outputs) -> Result<Self> {
        let get = |name| outputs.get(name).map(str::to_owned);
        let function = |function, name| {
            let deployed = outputs.get(name).ok().map(str::parse).transpose()?;
            Ok(deployed.map(|deployed| (function, deployed)))
        };
        let functions = [
            function(Function::Api, OutputName::ApiFunctionName),
            function(Function::Restore, OutputName::RestoreFunctionName),
            function(Function::Authorizer, OutputName::AuthorizerFunctionName),
        ];
        Ok(Self {
            functions: functions.into_iter().filter_map(Result::transpose).collect::<Result<_>>()?,
            served: ServedResources {
                api_id: get(OutputName::ApiId)?,
                queue_functions: vec![outputs.get(OutputName::RestoreFunctionName)?.parse()?],
            },
            distribution_id: get(OutputName::DistributionId)?,
            restore_queue_url: get(OutputName::RestoreQueueUrl)?,
            dead_letter_queue_url: get(OutputName::RestoreDeadLetterQueueUrl)?,
            assets_bucket: get(OutputName::AssetsBucketName)?,
        })
    }

    /// Finds the resources of a stack, or `None` if it is not deployed, not created completely or being deleted.
    pub(super) async fn find(client: &Client, stack_name: &str) -> Result<Option<Self>> {
        let stack = DeployedStack::find(client, stack_name).await?;
        stack.filter(is_served).map(|stack| Self::from_outputs(&stack.outputs)).transpose()
    }
}

fn is_served(stack: &DeployedStack) -> bool {
    let is_partial =
        [StackStatus::CreateInProgress, StackStatus::RollbackInProgress, StackStatus::DeleteInProgress];
    stack.condition != Condition::Broken && !is_partial.contains(&stack.status)
}
