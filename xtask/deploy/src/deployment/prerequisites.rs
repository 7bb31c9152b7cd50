//! What is checked before anything is compiled.
//!
//! Compiling takes minutes. What can be known without it is reported first.

use anyhow::{Result, bail};
use stack::Environment;

use super::options::Options;
use crate::artifact_bucket::ArtifactBucket;
use crate::connection::Connection;
use crate::lock;
use crate::platform_parameters;

/// Checks the platform parameters that the source of an environment refers to.
pub async fn check_platform_parameters(environment: &Environment, connection: &Connection) -> Result<()> {
    // Signing keys and code add no platform parameters.
    let template = stack::preview(environment)?.to_value();
    platform_parameters::read(environment, connection, &template).await?;
    Ok(())
}

/// Checks that the source of an environment can be deployed now, and creates the artifact bucket after confirmation.
pub(super) async fn check(
    environment: &Environment,
    connection: &Connection,
    bucket: &ArtifactBucket,
    options: &Options,
) -> Result<()> {
    let lock_is_free = async {
        // A deployment that may wait for the lock builds meanwhile.
        if options.wait_for_lock.is_zero() && bucket.exists().await? {
            lock::ensure_free(bucket, environment).await
        } else {
            Ok(())
        }
    };
    let (parameters, lock) = tokio::join!(check_platform_parameters(environment, connection), lock_is_free);
    match (parameters, lock) {
        (Ok(()), Ok(())) => bucket.ensure(options.consent, &*connection.operator).await,
        (Err(parameters), Err(lock)) => bail!("{parameters:#}\nand {lock:#}"),
        (Err(error), Ok(())) | (Ok(()), Err(error)) => Err(error),
    }
}
