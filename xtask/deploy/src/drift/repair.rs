//! Puts back what was changed outside CloudFormation.

use anyhow::{Context, Result, bail};
use stack::Environment;

use super::Detection;
use super::properties::PropertyRepair;
use crate::advice::command_for;
use crate::apply::{Phase, PhaseCell, Reporter, revert_drift};
use crate::artifact_bucket::ArtifactBucket;
use crate::connection::Connection;
use crate::consent::Consent;
use crate::deployed_stack::{Condition, Deployed};
use crate::live_resources;
use crate::lock::LockGuard;
use crate::{platform_parameters, stack_resources};

/// The repair of an environment's drift.
///
/// A drift-aware change set compares the template with the resources as they are:
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/drift-aware-change-sets.html>. What it leaves is put
/// back property by property.
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
        repaired
    }

    /// Ends a repair after its future was dropped.
    ///
    /// Returns a message that describes the state in which the environment was left.
    pub async fn interrupt(&self) -> String {
        self.lock.release().await;
        match self.phase.get() {
            Phase::Preparing => "\n  interrupted; nothing was changed".to_owned(),
            Phase::Executing => self.phase.get().interruption(self.environment),
            Phase::Verifying => format!(
                "\n  interrupted; {} shows what was not put back",
                command_for(&self.environment.name, "drift")
            ),
        }
    }

    async fn repair(&self, consent: Consent) -> Result<Detection> {
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
        self.revert_by_change_set(&deployed, consent).await?;
        self.phase.set(Phase::Verifying);
        let detection = super::detect(environment, self.connection).await?;
        if self.revert_properties(&deployed, &detection, consent).await? {
            return super::detect(environment, self.connection).await;
        }
        Ok(detection)
    }

    async fn revert_by_change_set(&self, deployed: &Deployed, consent: Consent) -> Result<()> {
        let reporter = Reporter {
            environment: self.environment.name.as_str(),
            operator: &*self.connection.operator,
            detail: crate::apply::Detail::Resources,
        };
        let client = self.connection.cloudformation();
        let reverted = revert_drift(
            &client,
            self.connection,
            self.environment,
            &deployed.template,
            reporter,
            &self.phase,
            async || self.confirm(consent, "Put back what the template says?").await,
        );
        reverted.await
    }

    /// Puts back properties that CloudFormation left, and returns whether there were any.
    ///
    /// A property that cannot be put back does not prevent the others.
    async fn revert_properties(
        &self,
        deployed: &Deployed,
        detection: &Detection,
        consent: Consent,
    ) -> Result<bool> {
        let operator = &self.connection.operator;
        let client = self.connection.cloudformation();
        let resources = stack_resources::list(&client, &deployed.stack.id).await?;
        let identifiers = live_resources::identifiers(&resources, deployed.template.as_value());
        let repairs = detection.report.drifted.iter();
        let repairs: Vec<_> =
            repairs.filter_map(|drifted| PropertyRepair::new(drifted, &identifiers)).collect();
        if repairs.is_empty() {
            return Ok(false);
        }
        operator.note("CloudFormation leaves these properties, which can be put back one by one:");
        for repair in &repairs {
            operator.note(&format!("    {}", repair.to_text()));
        }
        self.confirm(consent, "Put back these properties?").await?;
        let step = operator.begin("properties");
        let mut count = 0;
        for repair in &repairs {
            step.show(&repair.to_text());
            match repair.apply(self.connection).await {
                Ok(()) => count += 1,
                Err(error) => operator.warn(&error),
            }
        }
        step.done(&format!("{count} of {} resources changed", repairs.len()));
        Ok(true)
    }

    async fn confirm(&self, consent: Consent, question: &str) -> Result<()> {
        self.lock.require_confirmation(consent, question).await?;
        self.lock.ensure_held().await
    }
}
