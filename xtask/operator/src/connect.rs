//! Connects a command to the account of its environment.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, Result};
use aws_credential_types::Credentials;
use command_line::environment::{LocalIdentity, local_identity};
use deploy::connection::{self, Connection, Emulator, LocalStack};
use machine::{LOCAL_ENVIRONMENT, STACK_FILE, workspace};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use stack::Environment;

use crate::terminal::Terminal;

/// Connects to the account of an environment.
///
/// For the local environment, this connects to the endpoint of the running stack, unless `AWS_ENDPOINT_URL` names
/// another one, as the identity that `--as` chooses.
pub async fn connect(environment: &Environment) -> Result<Connection> {
    if environment.name.as_str() != LOCAL_ENVIRONMENT {
        return connection::connect(environment, Arc::new(Terminal)).await;
    }
    let stack: LocalStack = read_stack_file()?;
    let credentials = stored_credentials(local_identity())?;
    let endpoint_url = std::env::var("AWS_ENDPOINT_URL").ok().filter(|url| !url.is_empty());
    let endpoint_url = endpoint_url.unwrap_or_else(|| stack.aws_endpoint_url.clone());
    let mut connection = connect_to_emulator(environment, &endpoint_url, credentials).await?;
    connection.local = Some(stack);
    Ok(connection)
}

/// The part of `stack.json` with credentials.
#[derive(Deserialize)]
struct StoredCredentials {
    credentials: BTreeMap<String, StoredKey>,
}

#[derive(Deserialize)]
struct StoredKey {
    access_key_id: String,
    secret_access_key: String,
}

fn stored_credentials(identity: LocalIdentity) -> Result<Credentials> {
    let StoredCredentials { mut credentials } = read_stack_file()?;
    let name = identity.name();
    let key = credentials.remove(name);
    let StoredKey { access_key_id, secret_access_key } =
        key.with_context(|| format!("stack.json has no credentials of {name}; start the local stack again"))?;
    Ok(Credentials::new(access_key_id, secret_access_key, None, None, "local stack"))
}

/// Connects to the emulator, or to what checks permissions in front of it, at this endpoint.
pub async fn connect_to_emulator(
    environment: &Environment,
    endpoint_url: &str,
    credentials: Credentials,
) -> Result<Connection> {
    let emulator = Emulator { endpoint_url: endpoint_url.to_owned(), credentials };
    connection::connect_to_emulator(environment, &emulator, Arc::new(Terminal)).await
}

/// Returns the path of the `stack.json` of the local stack, which exists while it runs.
///
/// It is the file that `PACKAGES_STACK` names, which `local` sets for its commands, or the one in the default state
/// directory.
pub fn stack_file_path() -> PathBuf {
    let named = std::env::var_os("PACKAGES_STACK").filter(|path| !path.is_empty()).map(PathBuf::from);
    named.unwrap_or_else(|| workspace::local_state().join(STACK_FILE))
}

/// Reads the `stack.json` of the running local stack, or the parts of it that are needed.
pub fn read_stack_file<T: DeserializeOwned>() -> Result<T> {
    let path = stack_file_path();
    let text = std::fs::read(&path)
        .context("the local stack does not run; start it with `cargo xtask local` in another terminal")?;
    serde_json::from_slice(&text)
        .with_context(|| format!("{} is malformed; end the local stack and start it again", path.display()))
}
