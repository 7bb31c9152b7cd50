//! Verifies a deployment, and records the result in its release.

use anyhow::{Context, Result, bail};
use chrono::{DateTime, Utc};

use super::{Change, Deployment, DeploymentResult, Verification};
use crate::advice::command_for;
use crate::apply::Phase;
use crate::deployed_stack::{DeployedStack, Outputs};
use crate::deployment::{summary, verification};
use crate::live_resources::MissingResource;
use crate::release::{Outcome, Release, ReleaseStore, StoredRelease};

impl Deployment<'_> {
    /// Verifies that what is deployed works, unless it was verified earlier, and records the result.
    ///
    /// Returns an error as well if a deployment without changes found missing resources.
    pub async fn verify(&self, result: DeploymentResult) -> Result<()> {
        let DeploymentResult { outputs, change, changed_at, verification, missing, .. } = result;
        if let Verification::Needed(release) = verification {
            let verified = self.verify_release(release.map(|release| *release), &outputs, change, changed_at);
            self.timings.measure(summary::TimedPhase::Verification, verified).await?;
        }
        if missing.is_empty() {
            return Ok(());
        }
        let list: Vec<String> = missing.iter().map(|resource| format!("\n    {resource}")).collect();
        bail!(
            "resources of {} no longer exist:{}\n  {}",
            stack::stack_name(self.environment),
            list.concat(),
            MissingResource::ADVICE
        )
    }

    async fn verify_release(
        &self,
        release: Option<StoredRelease>,
        outputs: &Outputs,
        change: Change,
        changed_at: Option<DateTime<Utc>>,
    ) -> Result<()> {
        self.phase.set(Phase::Verifying);
        let verified = verification::verify(self.environment, self.connection, outputs).await;
        if let Some(release) = release
            && let Err(error) = self.record_verification(&release.release, changed_at, &verified).await
        {
            self.connection.operator.warn(&error.context(
                "could not record the result of the verification in the release; the next deployment verifies it \
                 again",
            ));
        }
        verified.with_context(|| match change {
            Change::Created => "everything is deployed, but the verification failed".to_owned(),
            Change::Updated => format!(
                "everything is deployed, but the verification failed; to go back, run {}",
                command_for(&self.environment.name, "rollback")
            ),
            Change::Nothing => format!(
                "nothing had to be changed, but the verification of what is deployed failed; to go back, \
                 run {}",
                command_for(&self.environment.name, "rollback")
            ),
        })
    }

    /// Records the result of a verification, if the stack is still the one that was verified.
    ///
    /// No lock is held during a verification, which may take half an hour.
    async fn record_verification(
        &self,
        release: &Release,
        changed_at: Option<DateTime<Utc>>,
        verified: &Result<()>,
    ) -> Result<()> {
        let client = self.connection.cloudformation();
        let stack = DeployedStack::find(&client, &stack::stack_name(self.environment)).await?;
        if stack.is_none_or(|stack| stack.changed_at != changed_at) {
            self.note("  the result is not recorded: the stack was changed during the verification");
            return Ok(());
        }
        let store = ReleaseStore::new(&self.bucket, self.environment);
        let mut stored = store.get(&release.id).await?;
        let (outcome, reason) = match verified {
            Ok(()) => (Outcome::Verified, None),
            Err(error) => (Outcome::VerificationFailed, Some(format!("{error:#}"))),
        };
        store.record_verification(&mut stored, outcome, reason).await
    }
}
