//! The guard in front of the emulator: the address of AWS, where signatures and permissions are checked.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::{Context, Result, anyhow};
use cloudformation_rules::ProviderSchemas;
use local_stack::emulator::Emulator;
use machine::directory::StateDirectory;
use machine::tools::CFN_LINT;
use operator::terminal::Terminal;
use rights::identity::{Credentials, Operator};
use rights::{Guard, OperatorPolicies};
use serde_json::Value;
use stack::Environment;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::rights::RECORD;

/// The policies that `render --policies` prints, by their holder.
const REVIEWER: [&str; 2] = ["review", "review-resources"];
const DEPLOYER: [&str; 5] =
    ["review", "review-resources", "deployment", "deployment-resources", "deployment-roles"];

/// Begins to read the schemas of the resource types in the region of an environment, which takes a second.
///
/// They are part of cfn-lint, which is installed if necessary.
pub(crate) fn load_provider_schemas(environment: &Environment) -> JoinHandle<Result<ProviderSchemas>> {
    let region = environment.region.clone();
    tokio::task::spawn_blocking(move || {
        let directory = CFN_LINT.directory("cfnlint/data/schemas", &Terminal)?;
        Ok(ProviderSchemas::load(&directory, region.as_str())?)
    })
}

/// The running guard.
pub(super) struct RunningGuard {
    pub(super) guard: Arc<Guard>,
    /// The base URL of all AWS services.
    pub(super) endpoint_url: String,
    server: JoinHandle<()>,
    shutdown: watch::Sender<bool>,
}

impl RunningGuard {
    /// Serves AWS at a listener.
    pub(super) fn start(
        listener: TcpListener,
        emulator: &Emulator,
        environment: &Environment,
        schemas: ProviderSchemas,
    ) -> Result<Self> {
        let address = listener.local_addr().context("a listener has no address")?;
        // No value of a platform parameter is in a policy of this environment.
        let policies = stack::operator_policies(environment, &BTreeMap::new())?;
        let held = |names: &[&str]| names.iter().map(|name| &policies[*name]).collect::<Vec<&Value>>();
        let operators = OperatorPolicies::new(held(&REVIEWER), held(&DEPLOYER));
        let guard = Arc::new(Guard::new(emulator.address(), operators, schemas)?);
        let shutdown = watch::Sender::new(false);
        let mut ends = shutdown.subscribe();
        let server = rights::serve(listener, Arc::clone(&guard), async move {
            // A dropped sender also means shutdown.
            let _ = ends.wait_for(|ends| *ends).await;
        });
        let server = tokio::spawn(server);
        Ok(Self { guard, endpoint_url: format!("http://{address}"), server, shutdown })
    }

    /// Returns the credentials of an operator.
    pub(super) fn operator(&self, operator: Operator) -> Credentials {
        self.guard.identities().operator(operator)
    }

    /// Waits until the server ends unexpectedly.
    pub(super) async fn ended(&mut self) -> anyhow::Error {
        match (&mut self.server).await {
            Ok(()) => anyhow!("the guard in front of the emulator ended"),
            Err(error) => anyhow!("the guard in front of the emulator failed: {error}"),
        }
    }

    /// Writes which rights were used.
    pub(super) async fn record(&self, directory: &StateDirectory) -> Result<()> {
        let report = serde_json::to_vec(&self.guard.rights())?;
        Ok(directory.write(RECORD, &report).await?)
    }

    /// Stops the server. Requests in progress get no response.
    pub(super) async fn stop(self) {
        self.shutdown.send_replace(true);
        let _ = self.server.await;
    }
}
