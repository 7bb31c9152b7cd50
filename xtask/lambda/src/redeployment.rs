//! Serves what is deployed, also when another deployment replaces it while the local stack runs.
//!
//! After a deployment or a key rotation, the local stack serves the new code, configuration and variables of the
//! functions, the new routes, authorizers and CORS of the API, and the new event source mappings. Requests in progress
//! are not interrupted, as on AWS.

use std::collections::BTreeSet;

use futures_util::future::join_all;

use crate::control_plane::{ControlPlane, ControlPlaneError, FunctionName};
use crate::gateway::Gateway;
use crate::poller::{PollerError, Pollers};
use crate::pool::{BootstrapError, FunctionPool};

/// The resources from which all others are found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServedResources {
    /// The id of the HTTP API.
    pub api_id: String,
    /// The functions that queues invoke.
    pub queue_functions: Vec<FunctionName>,
}

/// The reason why a deployment cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum RedeploymentError {
    /// A resource cannot be read.
    #[error(transparent)]
    ControlPlane(#[from] ControlPlaneError),
    /// A function cannot be unpacked.
    #[error(transparent)]
    Bootstrap(#[from] BootstrapError),
    /// A queue cannot be polled.
    #[error(transparent)]
    Poller(#[from] PollerError),
}

/// A pool, a gateway and pollers that serve one deployment after the other.
pub struct Redeployment {
    control_plane: ControlPlane,
    pool: FunctionPool,
    gateway: Gateway,
    pollers: Pollers,
}

impl Redeployment {
    /// Creates a service of the functions in `pool`, behind `gateway`, which serves nothing yet.
    pub fn new(
        control_plane: ControlPlane,
        sqs: aws_sdk_sqs::Client,
        pool: FunctionPool,
        gateway: Gateway,
    ) -> Self {
        let pollers = Pollers::new(sqs, pool.clone());
        Self { control_plane, pool, gateway, pollers }
    }

    /// Serves the current deployment of these resources, or nothing if there are none.
    ///
    /// The order keeps all routes available: functions are added before the API refers to them, and removed after it
    /// no longer does. After an error, the previous deployment is served as far as it was not replaced yet, and this
    /// can be called again.
    pub async fn apply(&mut self, resources: Option<&ServedResources>) -> Result<(), RedeploymentError> {
        let mut served = BTreeSet::new();
        if let Some(resources) = resources {
            let api = self.control_plane.http_api(&resources.api_id).await?;
            served.extend(api.functions());
            served.extend(resources.queue_functions.iter().cloned());
            // Unpacking takes long, so each function has a thread of its own. An error of one interrupts no other.
            let deployed = join_all(served.iter().map(|name| self.deploy(name))).await;
            deployed.into_iter().collect::<Result<(), _>>()?;
            if self.gateway.deploy(api) {
                tracing::info!(target: machine::ACTIVITY, "serving the API as it is deployed now");
            }
            let mut mappings = Vec::new();
            for name in &resources.queue_functions {
                mappings.extend(self.control_plane.event_source_mappings(name).await?);
            }
            self.pollers.deploy(mappings).await?;
        } else {
            if self.gateway.withdraw() {
                tracing::info!(target: machine::ACTIVITY, "no API is deployed any more");
            }
            self.pollers.deploy(Vec::new()).await?;
        }
        for name in self.pool.revisions().into_keys().filter(|name| !served.contains(name)) {
            self.pool.remove(&name).await;
            tracing::info!(target: machine::ACTIVITY, function = %name, "removed");
        }
        Ok(())
    }

    /// Deploys the current revision of a function to the pool, if it is not there yet.
    async fn deploy(&self, name: &FunctionName) -> Result<(), RedeploymentError> {
        let revision = self.control_plane.function_revision(name).await?;
        if self.pool.revisions().get(name) != Some(&revision) {
            let function = self.control_plane.function(name).await?;
            self.pool.deploy(function).await?;
            tracing::info!(target: machine::ACTIVITY, function = %name, "running what is deployed now");
        }
        Ok(())
    }

    /// Ends the pollers and waits for their batches. Stopping the pool ends those early.
    pub async fn stop(self) {
        self.pollers.stop().await;
    }
}

#[cfg(test)]
mod tests;
