//! A deployed function that runs in a pool of its own, without the gateway.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use lambda::control_plane::{ControlPlane, DeployedFunction, FunctionName};
use lambda::pool::{FunctionPool, InvocationOutcome, PoolSettings};
use lambda::role::Roles;
use local_stack::StackFile;
use machine::workspace;
use rights::identity::Credentials;
use serde_json::Value;

/// A function with its instances.
pub(super) struct SingleFunction {
    pool: FunctionPool,
    name: FunctionName,
}

impl SingleFunction {
    /// Prepares a function with additional environment variables. The label is the name of its directory.
    pub(super) async fn start(
        label: &str,
        deployed: &DeployedFunction,
        stack: &StackFile,
        variables: &[(&str, &str)],
        maximum_instances: usize,
    ) -> Result<Self> {
        let mut environment = surroundings(stack)?;
        environment.extend(variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        let directory = workspace::target().join("bench").join(label);
        // The role of the deployed function may not read the additional keys.
        let credentials = credentials_of(stack, "administrator")?;
        let settings = PoolSettings {
            code_directory: directory.clone(),
            log_directory: directory,
            log_sink: None,
            trace_sink: None,
            roles: Roles::new(move |_| credentials.clone()),
            environment,
            maximum_instances,
            on_spawn: Arc::new(|_| {}),
        };
        let pool = FunctionPool::new(vec![deployed.clone()], settings).await?;
        Ok(Self { pool, name: deployed.arn.name.clone() })
    }

    /// Invokes the function, and returns its response and how long it took.
    pub(super) async fn invoke(&self, event: &Value) -> Result<(Value, Duration)> {
        let event = event.to_string().into();
        let start = Instant::now();
        let outcome = self.pool.invoke(&self.name, event).await?;
        let time = start.elapsed();
        let InvocationOutcome::Response(payload) = outcome else { bail!("the function failed") };
        Ok((serde_json::from_slice(&payload).context("the function did not respond in JSON")?, time))
    }

    /// Invokes the API function, and returns how long it took. Another status than the expected one is an error.
    pub(super) async fn time(&self, event: &Value, expected: u16) -> Result<Duration> {
        let (response, time) = self.invoke(event).await?;
        if response["statusCode"] != expected {
            bail!("the API function responded with {}, not with {expected}", response["statusCode"]);
        }
        Ok(time)
    }

    /// Ends its instances.
    pub(super) async fn stop(self) {
        self.pool.stop().await;
    }
}

/// Returns a deployed function of the local stack.
pub(super) async fn deployed_function(stack: &StackFile, name: &str) -> Result<DeployedFunction> {
    let credentials = credentials_of(stack, "administrator")?;
    let control_plane = ControlPlane::new(stack.aws_endpoint_url.parse()?, "us-east-1", credentials)?;
    Ok(control_plane.function(&name.parse()?).await?)
}

/// Returns the credentials of an operator or function.
pub(super) fn credentials_of(stack: &StackFile, name: &str) -> Result<Credentials> {
    stack.credentials.get(name).cloned().with_context(|| format!("stack.json has no credentials of {name}"))
}

/// Returns the deployed environment variables, with the addresses on this machine.
pub(super) fn variables(deployed: &DeployedFunction, stack: &StackFile) -> Result<BTreeMap<String, String>> {
    let mut variables = deployed.environment.clone();
    variables.extend(surroundings(stack)?);
    Ok(variables)
}

fn surroundings(stack: &StackFile) -> Result<BTreeMap<String, String>> {
    let database = stack.database_url.parse().context("stack.json has an invalid database_url")?;
    Ok(lambda::surroundings(&stack.aws_endpoint_url, &stack.cdn_url, &database))
}
