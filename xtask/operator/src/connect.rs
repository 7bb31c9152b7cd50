//! Connects a command to the account of its environment.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, Result};
use aws_credential_types::Credentials;
use deploy::connection::{self, Connection, Emulator, LocalStack};
use machine::{EMULATOR_ACCESS_KEY_ID, EMULATOR_SECRET_ACCESS_KEY, LOCAL_ENVIRONMENT, STACK_FILE, workspace};
use serde::de::DeserializeOwned;
use stack::Environment;

use crate::terminal::Terminal;

/// Connects to the account of an environment.
///
/// For the local environment, this connects to the endpoint of the running stack, unless `AWS_ENDPOINT_URL` is set.
pub async fn connect(environment: &Environment) -> Result<Connection> {
    if environment.name.as_str() != LOCAL_ENVIRONMENT {
        return connection::connect(environment, Arc::new(Terminal)).await;
    }
    let stack: LocalStack = read_stack_file()?;
    let mut connection = if std::env::var_os("AWS_ENDPOINT_URL").is_some() {
        connection::connect(environment, Arc::new(Terminal)).await?
    } else {
        connect_to_emulator(environment, &stack.aws_endpoint_url).await?
    };
    connection.local = Some(stack);
    Ok(connection)
}

/// Connects to the emulator at this endpoint.
pub async fn connect_to_emulator(environment: &Environment, endpoint_url: &str) -> Result<Connection> {
    let credentials =
        Credentials::new(EMULATOR_ACCESS_KEY_ID, EMULATOR_SECRET_ACCESS_KEY, None, None, "local stack");
    let emulator = Emulator { endpoint_url: endpoint_url.to_owned(), credentials };
    connection::connect_to_emulator(environment, &emulator, Arc::new(Terminal)).await
}

/// Reads the `stack.json` of the running local stack, or the parts of it that are needed.
///
/// It is the file that `PACKAGES_STACK` names, which `local` sets for its commands, or the one in the default state
/// directory.
pub fn read_stack_file<T: DeserializeOwned>() -> Result<T> {
    let named = std::env::var_os("PACKAGES_STACK").filter(|path| !path.is_empty()).map(PathBuf::from);
    let path = named.unwrap_or_else(|| workspace::local_state().join(STACK_FILE));
    let text = std::fs::read(&path)
        .context("the local stack does not run; start it with `cargo xtask local` in another terminal")?;
    serde_json::from_slice(&text)
        .with_context(|| format!("{} is malformed; end the local stack and start it again", path.display()))
}
