//! Follows what is deployed while the local stack runs.
//!
//! After another deploy, or a rotation of keys, the functions and the API are served as they are deployed then: code,
//! configuration and variables of functions; routes, authorizers and CORS of the API. Nothing under way is disturbed,
//! as on AWS.
//!
//! Event source mappings are read once, when the local stack starts: a changed one is polled as it was until the next
//! start, though its function runs what was deployed last. An API that is replaced by one with another id is followed
//! no more.

use std::collections::BTreeSet;
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};

use crate::control_plane::{ControlPlane, ControlPlaneError, FunctionName};
use crate::gateway::Gateway;
use crate::pool::{BootstrapError, FunctionPool};

/// How often the local stack looks for changes. A look is a handful of small requests to the emulator.
pub const INTERVAL: Duration = Duration::from_secs(1);

/// Why what is deployed could not be served.
#[derive(Debug, thiserror::Error)]
enum RedeploymentError {
    #[error(transparent)]
    ControlPlane(#[from] ControlPlaneError),
    #[error(transparent)]
    Bootstrap(#[from] BootstrapError),
}

/// Looks every `period` for what is deployed, and has the pool and the gateway serve it, until `shutdown` completes.
///
/// What cannot be read or run is logged and tried again; until then, what was served before goes on.
pub async fn follow(
    control_plane: ControlPlane,
    pool: FunctionPool,
    gateway: Gateway,
    period: Duration,
    shutdown: impl Future<Output = ()>,
) {
    let followed = Followed { control_plane, pool, gateway };
    tokio::select! {
        biased;
        () = shutdown => {}
        () = followed.follow(period) => {}
    }
}

struct Followed {
    control_plane: ControlPlane,
    pool: FunctionPool,
    gateway: Gateway,
}

impl Followed {
    async fn follow(&self, period: Duration) {
        let mut ticks = interval(period);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut problem = None;
        loop {
            ticks.tick().await;
            let problem_now = self.apply().await.err().map(|error| error.to_string());
            // What lasts is said once.
            if let Some(error) = problem_now.as_ref().filter(|_| problem != problem_now) {
                tracing::warn!("what is deployed cannot be served yet: {error}");
            }
            problem = problem_now;
        }
    }

    /// Brings the pool and the gateway to what is deployed. The order keeps every route served: what the API names is
    /// there before it is named, and goes only when it is not named any more.
    async fn apply(&self) -> Result<(), RedeploymentError> {
        let api = self.control_plane.http_api(&self.gateway.api_id()).await?;
        let named = api.functions();
        for name in &named {
            self.deploy(name).await?;
        }
        if self.gateway.deploy(api) {
            tracing::info!("serving the API as it is deployed now");
        }
        // What the API does not name, a queue may feed.
        let others: BTreeSet<_> =
            self.pool.revisions().into_keys().filter(|it| !named.contains(it)).collect();
        for name in &others {
            match self.deploy(name).await {
                Err(RedeploymentError::ControlPlane(ControlPlaneError::NotDeployed { .. })) => {
                    self.pool.remove(name).await;
                    tracing::info!(function = %name, "removed");
                }
                result => result?,
            }
        }
        Ok(())
    }

    /// Has the pool run a function as it is deployed, if it does not yet.
    async fn deploy(&self, name: &FunctionName) -> Result<(), RedeploymentError> {
        let revision = self.control_plane.function_revision(name).await?;
        if self.pool.revisions().get(name) != Some(&revision) {
            let function = self.control_plane.function(name).await?;
            self.pool.deploy(function).await?;
            tracing::info!(function = %name, "running what is deployed now");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
