//! Termination protection for the stacks of protected environments.

use anyhow::{Context, Result};
use aws_sdk_cloudformation::Client;
use stack::Environment;

use crate::operator::Operator;

/// Turns on termination protection if the environment is protected.
///
/// CloudFormation then rejects every request to delete the stack. This function never turns protection off: an
/// environment that is no longer protected keeps it until a person turns it off.
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-protect-stacks.html>
pub(super) async fn ensure(client: &Client, environment: &Environment, operator: &dyn Operator) {
    if environment.protected
        && let Err(error) = enable(client, &stack::stack_name(environment)).await
    {
        // The stack is deployed, and the next deployment tries again, so this is only a warning.
        operator.warn(&error);
    }
}

async fn enable(client: &Client, stack_name: &str) -> Result<()> {
    let request = client.update_termination_protection().stack_name(stack_name);
    let response = request.enable_termination_protection(true).send().await;
    response.with_context(|| format!("could not turn on termination protection of {stack_name}"))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use command_line::environment::load;

    use super::ensure;
    use crate::apply::testing::{Response, STACK_ID, ScriptedCloudFormation};
    use crate::operator::testing::SilentOperator;

    #[tokio::test]
    async fn stacks_of_protected_environments_are_protected_from_deletion() {
        let server = ScriptedCloudFormation::start(|_, _, _| {
            Response::Result(format!("<StackId>{STACK_ID}</StackId>"))
        })
        .await;
        ensure(&server.client, &load("dev").unwrap(), &SilentOperator).await;
        assert!(server.requests("UpdateTerminationProtection").is_empty());
        ensure(&server.client, &load("prod").unwrap(), &SilentOperator).await;
        let requests = server.requests("UpdateTerminationProtection");
        assert_eq!(requests.len(), 1);
        assert_eq!(requests[0]["EnableTerminationProtection"], "true");
        assert_eq!(requests[0]["StackName"], "prod-packages-service");
    }
}
