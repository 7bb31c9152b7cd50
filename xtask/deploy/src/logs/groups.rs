//! Finds the log groups of functions.

use anyhow::{Result, bail};
use stack::{Environment, FunctionName};

use crate::connection::Connection;
use crate::deployed_stack::DeployedStack;
use crate::stack_resources;

/// A log group of the stack.
pub(super) struct Group {
    pub(super) function: FunctionName,
    pub(super) name: String,
}

/// Returns the deployed log groups of these functions, or of all.
pub(super) async fn find(
    environment: &Environment,
    connection: &Connection,
    wanted: &[FunctionName],
) -> Result<Vec<Group>> {
    let client = connection.cloudformation();
    let stack_name = stack::stack_name(environment);
    let outputs = DeployedStack::get(&client, environment).await?.outputs;
    let resources = stack_resources::list(&client, &stack_name).await?;
    let names: Vec<&str> = resources
        .iter()
        .filter(|resource| resource.resource_type() == Some("AWS::Logs::LogGroup"))
        .filter_map(|resource| resource.physical_resource_id())
        .collect();
    let mut groups = Vec::new();
    for function in FunctionName::ALL {
        if !wanted.is_empty() && !wanted.contains(&function) {
            continue;
        }
        let deployed = outputs.function(function);
        // The last part of a log group's name is the name of its function.
        let group = names.iter().find(|name| deployed.is_some() && name.rsplit('/').next() == deployed);
        match group {
            Some(name) => groups.push(Group { function, name: (*name).to_owned() }),
            None if wanted.is_empty() => {}
            None if function == FunctionName::Authorizer => bail!(
                "environment {} uses the platform's authorizer, whose log is in the platform's account",
                environment.name
            ),
            None => bail!("the stack {stack_name} has no log group of the function {function}; deploy again"),
        }
    }
    Ok(groups)
}
