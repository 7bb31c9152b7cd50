//! Makes the changes of a deployment, and records them in its release.

use anyhow::{Context, Result};
use stack::ActionCounts;

use super::{Change, Deployment, DeploymentResult, Subject, Verification};
use crate::apply::{Application, Applied, ProposedChange};
use crate::artifacts;
use crate::consent::Consent;
use crate::deployed_stack::{Condition, Deployed, DeployedStack};
use crate::deployment::protection;
use crate::deployment::summary::Summary;
use crate::deployment::survey::{BuiltSource, NOTHING_TO_DEPLOY, Survey};
use crate::release::{Outcome, ReleaseStore, StoredRelease, TemplateHash};
use crate::rollback_guard::RollbackGuard;

impl Deployment<'_> {
    /// Uploads what is new, changes the stack, and records the result in the release.
    pub(super) async fn make_changes(
        &self,
        survey: Survey,
        source: Option<&BuiltSource>,
    ) -> Result<Option<DeploymentResult>> {
        let client = self.connection.cloudformation();
        let store = ReleaseStore::new(&self.bucket, self.environment);
        if let Some(source) = source.filter(|_| self.options.consent != Consent::Implied) {
            source.revision.ensure_checked_out().await?;
        }
        survey.keys.store_new_key(self.environment, self.connection).await?;
        let all = store.record_missing_results(survey.deployed_template()).await?;
        let mut release = self.release(&store, &survey, source).await?;
        store.record_start(&mut release, &self.connection.caller, &all).await?;
        let applied = self.update_to(&survey).await;
        let recorded = match &applied {
            Ok(Applied::Changes) => store.record_result(&mut release, Outcome::Applied, None).await,
            // The next deployment records the result.
            Ok(Applied::Started) => Ok(()),
            Ok(Applied::Nothing) => store.remove_start_record(&mut release).await,
            Err(error) => self.record_failure(&store, &mut release, &survey, error).await,
        };
        // A failure to record the result does not undo the deployment, and must not hide the deployment's own error.
        if let Err(error) = recorded {
            self.connection.operator.warn(&error.context(
                "could not record the result of this deployment in its release; the next deployment records it",
            ));
        }
        let change = match applied? {
            Applied::Started => return Ok(None),
            Applied::Nothing => Change::Nothing,
            Applied::Changes if survey.deployed.is_some() => Change::Updated,
            Applied::Changes => Change::Created,
        };
        protection::ensure(&client, self.environment, &*self.connection.operator).await;
        let counts: ActionCounts = survey.review.actions().into_values().collect();
        let summary = Summary { release: release.release.id.clone(), changes: counts.done() };
        let verification = match (change, &survey.deployed) {
            (Change::Nothing, Some(deployed)) => self.verification_of(deployed, None).await,
            _ => Verification::Needed(Some(Box::new(release))),
        };
        let DeployedStack { outputs, changed_at, .. } = DeployedStack::get(&client, self.environment).await?;
        let summary = (change != Change::Nothing).then_some(summary);
        let missing = Vec::new();
        Ok(Some(DeploymentResult { outputs, summary, change, changed_at, verification, missing }))
    }

    /// Records in the manifest that applying the release failed.
    ///
    /// While CloudFormation is still changing the stack, the result is unknown. The next deployment records it.
    async fn record_failure(
        &self,
        store: &ReleaseStore<'_>,
        release: &mut StoredRelease,
        survey: &Survey,
        error: &anyhow::Error,
    ) -> Result<()> {
        let Ok(deployed) = Deployed::read(self.environment, self.connection).await else { return Ok(()) };
        let condition = deployed.as_ref().map(|deployed| deployed.stack.condition);
        if condition == Some(Condition::Changing) {
            return Ok(());
        }
        let hash = |template| TemplateHash::new(template).ok();
        let before = survey.deployed_template().and_then(hash);
        let now = deployed.as_ref().and_then(|deployed| hash(&deployed.template));
        let is_applied = condition == Some(Condition::Settled)
            && before != now
            && now.as_ref() == Some(&release.release.template);
        if is_applied {
            return store.record_result(release, Outcome::Applied, None).await;
        }
        let reason = error.to_string().lines().next().map(str::to_owned);
        store.record_result(release, Outcome::Failed, reason).await
    }

    /// Returns the manifest of the release to deploy, and creates it if the source is deployed.
    async fn release(
        &self,
        store: &ReleaseStore<'_>,
        survey: &Survey,
        source: Option<&BuiltSource>,
    ) -> Result<StoredRelease> {
        if let Some(release) = &survey.release {
            return store.get(&release.id).await;
        }
        let source = source.context(NOTHING_TO_DEPLOY)?;
        let operator = &*self.connection.operator;
        artifacts::upload(&self.bucket, self.environment, &source.functions, operator).await?;
        store.create(&survey.candidate, source.revision.clone(), None, &self.connection.caller).await
    }

    /// Updates the stack to the candidate's template.
    async fn update_to(&self, survey: &Survey) -> Result<Applied> {
        let mut approvals = self.options.approvals.clone();
        approvals.data_loss |= self.options.consent == Consent::Implied;
        let application = Application {
            environment: self.environment,
            connection: self.connection,
            approvals: &approvals,
            mode: self.options.mode(),
            guard: &self.guard(survey).await?,
            waits: !self.options.no_wait,
            reporter: self.reporter(),
            phase: &self.phase,
        };
        let check = async |proposed: &[ProposedChange]| {
            self.confirm_unreviewed(&survey.review, proposed).await?;
            self.lock.ensure_held().await?;
            survey.keys.ensure_current(self.environment, self.connection).await
        };
        application.update_to(&survey.candidate.template, check).await
    }

    /// Returns the alarms that roll the deployment back.
    ///
    /// An earlier release is deployed to end an alarm, so none rolls that back.
    async fn guard(&self, survey: &Survey) -> Result<RollbackGuard> {
        let is_guarded = self.options.consent != Consent::Implied
            && !self.options.express
            && !matches!(self.subject, Subject::Rollback(_));
        match survey.deployed_template().filter(|_| is_guarded) {
            Some(deployed) => {
                let proposed = &survey.candidate.template;
                RollbackGuard::read(self.environment, self.connection, deployed, proposed).await
            }
            None => Ok(RollbackGuard::default()),
        }
    }
}
