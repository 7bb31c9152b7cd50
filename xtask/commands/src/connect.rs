//! Connects a command to the account of its environment.

use std::sync::Arc;

use anyhow::Result;
use aws_credential_types::Credentials;
use deploy::build::Profile;
use deploy::connection::{self, Connection, Emulator, LocalStack};
use local_stack::{StackFile, emulator};
use stack::Environment;

use crate::operator::Terminal;

/// Connects to the account of an environment.
///
/// For the local environment, this connects to the endpoint of the running stack, unless `AWS_ENDPOINT_URL` is set.
pub(crate) async fn connect(environment: &Environment) -> Result<Connection> {
    if !is_local(environment) {
        return connection::connect(environment, Arc::new(Terminal)).await;
    }
    let stack = StackFile::read_running()?;
    let mut connection = if std::env::var_os("AWS_ENDPOINT_URL").is_some() {
        connection::connect(environment, Arc::new(Terminal)).await?
    } else {
        connect_to_emulator(environment, &stack.aws_endpoint_url).await?
    };
    connection.local = Some(LocalStack {
        api_url: stack.api_url,
        cdn_url: stack.cdn_url,
        database_url: stack.database_url,
        is_release_build: stack.release,
    });
    Ok(connection)
}

/// Connects to the emulator at this endpoint.
pub(crate) async fn connect_to_emulator(environment: &Environment, endpoint_url: &str) -> Result<Connection> {
    let credentials =
        Credentials::new(emulator::ACCESS_KEY_ID, emulator::SECRET_ACCESS_KEY, None, None, "local stack");
    let emulator = Emulator { endpoint_url: endpoint_url.to_owned(), credentials };
    connection::connect_to_emulator(environment, &emulator, Arc::new(Terminal)).await
}

/// Returns the build profile of an environment's functions.
///
/// For the local environment, it is the profile of the running stack. For all others, it is the Lambda profile.
pub(crate) fn build_profile(environment: &Environment, connection: &Connection) -> Profile {
    match &connection.local {
        Some(local) if !local.is_release_build => Profile::Development,
        _ => Profile::Release(environment.architecture),
    }
}

fn is_local(environment: &Environment) -> bool {
    environment.name.as_str() == local_stack::ENVIRONMENT
}
