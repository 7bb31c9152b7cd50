//! Applies new deployments while the local stack runs.
//!
//! After a deployment or a key rotation, the local stack serves the new code, configuration and variables of the
//! functions, and the new routes, authorizers and CORS of the API. Requests in progress are not interrupted, as on
//! AWS.
//!
//! Event source mappings are read only when the local stack starts. A changed mapping takes effect at the next start,
//! although its function runs the latest deployment. If the API is replaced by one with another id, changes are no
//! longer detected.

use std::collections::BTreeSet;
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};

use crate::control_plane::{ControlPlane, ControlPlaneError, FunctionName};
use crate::gateway::Gateway;
use crate::pool::{BootstrapError, FunctionPool};

/// How often the local stack checks for changes.
///
/// Each check sends a few small requests to the emulator.
pub const INTERVAL: Duration = Duration::from_secs(1);

/// The reason why a new deployment could not be served.
#[derive(Debug, thiserror::Error)]
enum RedeploymentError {
    #[error(transparent)]
    ControlPlane(#[from] ControlPlaneError),
    #[error(transparent)]
    Bootstrap(#[from] BootstrapError),
}

/// Applies new deployments to the pool and the gateway until `shutdown` completes.
///
/// It checks for changes every `period`. A deployment that cannot be read or run is logged and retried. Until it
/// succeeds, the previous one is served.
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
            // A persistent problem is logged only once.
            if let Some(error) = problem_now.as_ref().filter(|_| problem != problem_now) {
                tracing::warn!("what is deployed cannot be served yet: {error}");
            }
            problem = problem_now;
        }
    }

    /// Applies the current deployment to the pool and the gateway.
    ///
    /// The order keeps all routes available: functions are added before the API refers to them, and removed after it
    /// no longer does.
    async fn apply(&self) -> Result<(), RedeploymentError> {
        let api = self.control_plane.http_api(&self.gateway.api_id()).await?;
        let named = api.functions();
        for name in &named {
            self.deploy(name).await?;
        }
        if self.gateway.deploy(api) {
            tracing::info!("serving the API as it is deployed now");
        }
        // Functions that the API does not use may be invoked by a queue.
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

    /// Deploys the current revision of a function to the pool, if it is not there yet.
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
