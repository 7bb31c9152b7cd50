//! Puts back what was changed outside CloudFormation.

use anyhow::{Context, Result, bail};
use stack::Environment;

use super::Detection;
use crate::advice::command_for;
use crate::apply::{Phase, PhaseCell, Reporter, revert_drift};
use crate::artifact_bucket::ArtifactBucket;
use crate::connection::Connection;
use crate::consent::Consent;
use crate::deployed_stack::{Condition, Deployed};
use crate::lock::LockGuard;
use crate::platform_parameters;

/// The repair of an environment's drift.
///
/// A drift-aware change set compares the template with the resources as they are:
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/drift-aware-change-sets.html>.
pub struct Repair<'a> {
    environment: &'a Environment,
    connection: &'a Connection,
    lock: LockGuard<'a>,
    phase: PhaseCell,
}

impl<'a> Repair<'a> {
    /// Prepares a repair without reading anything.
    pub fn new(environment: &'a Environment, connection: &'a Connection) -> Self {
        let bucket = ArtifactBucket::new(environment, connection);
        let lock = LockGuard::new(environment, connection, &bucket, "repair of drift");
        Self { environment, connection, lock, phase: PhaseCell::default() }
    }

    /// Puts back what the template says, after confirmation, and returns what differs afterwards.
    pub async fn run(&self, consent: Consent) -> Result<Detection> {
        let repaired = self.repair(consent).await;
        self.lock.release().await;
        repaired?;
        super::detect(self.environment, self.connection).await
    }

    /// Ends a repair after its future was dropped.
    ///
    /// Returns a message that describes the state in which the environment was left.
    pub async fn interrupt(&self) -> String {
        let is_executing = self.phase.get() == Phase::Executing;
        self.lock.release().await;
        if is_executing {
            self.phase.get().interruption(self.environment)
        } else {
            "\n  interrupted; nothing was changed".to_owned()
        }
    }

    async fn repair(&self, consent: Consent) -> Result<()> {
        let environment = self.environment;
        self.lock.acquire().await?;
        let deployed = Deployed::read(environment, self.connection).await?.context("nothing is deployed")?;
        if deployed.stack.condition != Condition::Settled {
            bail!(
                "the stack is {}; {} waits for it or recovers it",
                deployed.stack.status,
                command_for(&environment.name, "deploy")
            );
        }
        let Deployed { stack, template } = &deployed;
        let changes =
            platform_parameters::current_changes(environment, self.connection, stack, template).await?;
        platform_parameters::reject_unreviewed(environment, &changes, "the repair")?;
        let reporter = Reporter {
            environment: environment.name.as_str(),
            operator: &*self.connection.operator,
            detail: crate::apply::Detail::Resources,
        };
        let confirm = async || {
            self.lock.require_confirmation(consent, "Put back what the template says?").await?;
            self.lock.ensure_held().await
        };
        let client = self.connection.cloudformation();
        let reverted = revert_drift(
            &client,
            self.connection,
            environment,
            &deployed.template,
            reporter,
            &self.phase,
            confirm,
        );
        reverted.await
    }
}
