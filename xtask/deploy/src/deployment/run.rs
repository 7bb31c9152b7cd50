//! Runs one deployment, from acquiring the lock to reading the outputs.

mod changes;
mod confirm;
mod verify;

use std::time::Duration;

use anyhow::{Context, Result, bail};
use chrono::{DateTime, Utc};
use stack::Environment;

use super::options::Options;
use super::recovery::RecoverySettings;
use super::summary::{Summary, TimedPhase, Timings};
use super::survey::{BuiltSource, Survey, SurveyContext};
use super::{prerequisites, recovery};
use crate::advice::command_for;
use crate::apply::{Detail, PhaseCell, Reporter, TemplateSource, template_source};
use crate::artifact_bucket::ArtifactBucket;
use crate::build::{self, Profile};
use crate::connection::Connection;
use crate::consent::Consent;
use crate::deployed_stack::{Deployed, Outputs};
use crate::keys::DeploymentKeys;
use crate::live_resources::MissingResource;
use crate::lock::LockGuard;
use crate::release::{
    History, Release, ReleaseId, ReleaseStore, SourceRevision, StoredRelease, TemplateHash,
};
use crate::review::Review;

/// What to deploy.
pub enum Subject {
    /// The current source, built with this profile.
    Source(Profile),
    /// The functions of the current source, built with this profile, with the deployed template.
    Code(Profile),
    /// An existing release.
    Release(ReleaseId),
    /// An earlier release: this one, or the last verified one before the deployed one.
    Rollback(Option<ReleaseId>),
}

/// The result of a deployment.
pub struct DeploymentResult {
    /// The outputs of the stack.
    pub outputs: Outputs,
    /// What was changed, if anything was.
    pub summary: Option<Summary>,
    change: Change,
    /// When the stack was last changed, as of the end of the deployment.
    changed_at: Option<DateTime<Utc>>,
    verification: Verification,
    /// Resources of the stack that no longer exist, if nothing was changed.
    missing: Vec<MissingResource>,
}

/// Whether what is deployed still has to be verified.
enum Verification {
    /// It was verified earlier.
    Done,
    /// The result is to be recorded in this release, or in none if the deployed release is unknown.
    Needed(Option<Box<StoredRelease>>),
}

/// The kind of change that a deployment made.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Change {
    Nothing,
    Created,
    Updated,
}

/// A deployment of an environment.
pub struct Deployment<'a> {
    environment: &'a Environment,
    connection: &'a Connection,
    options: &'a Options,
    subject: Subject,
    show: &'a (dyn Fn(&Review) + Sync),
    bucket: ArtifactBucket,
    /// Held from the survey to the end, except while the user is asked for confirmation.
    lock: LockGuard<'a>,
    phase: PhaseCell,
    timings: Timings,
}

impl<'a> Deployment<'a> {
    /// Prepares a deployment without reading anything.
    ///
    /// Each review is passed to `show` before it has to be confirmed.
    pub fn new(
        environment: &'a Environment,
        connection: &'a Connection,
        options: &'a Options,
        subject: Subject,
        show: &'a (dyn Fn(&Review) + Sync),
    ) -> Self {
        let bucket = ArtifactBucket::new(environment, connection);
        let action = if matches!(subject, Subject::Rollback(_)) { "rollback" } else { "deploy" };
        let lock = LockGuard::new(environment, connection, &bucket, action);
        let lock = lock.waiting_up_to(options.wait_for_lock);
        let (phase, timings) = (PhaseCell::default(), Timings::default());
        Self { environment, connection, options, subject, show, bucket, lock, phase, timings }
    }

    /// Reviews the changes and applies them. The caller then verifies the result.
    ///
    /// Returns `None` if CloudFormation makes the changes and was not waited for, as the options say.
    pub async fn apply(&self) -> Result<Option<DeploymentResult>> {
        let result = self.build_and_deploy().await;
        self.lock.release().await;
        result
    }

    /// Returns how long each phase took so far.
    pub fn phases(&self) -> Vec<(TimedPhase, Duration)> {
        self.timings.phases()
    }

    /// Ends a deployment after its future was dropped.
    ///
    /// Returns a message that describes the state in which the environment was left.
    pub async fn interrupt(&self) -> String {
        let message = self.phase.get().interruption(self.environment);
        self.lock.release().await;
        message
    }

    async fn build_and_deploy(&self) -> Result<Option<DeploymentResult>> {
        self.timings.measure(TimedPhase::Checks, self.check_prerequisites()).await?;
        // Building takes long, so it happens before the lock is acquired.
        let source = self.timings.measure(TimedPhase::Build, self.build()).await?;
        self.lock.acquire().await?;
        let source = source.as_ref();
        let mut survey = self.timings.measure(TimedPhase::Review, self.survey(source, None)).await?;
        // Only what was confirmed is executed. If anything changed during the confirmation, the review is shown
        // again.
        loop {
            if let Some(deployed) = survey.unchanged() {
                return self.finish_without_changes(&survey, deployed).await.map(Some);
            }
            self.show(&survey.review)?;
            self.require_plan(&survey)?;
            self.lock.require_confirmation(self.options.consent, self.question(&survey)?).await?;
            if self.options.consent != Consent::Ask {
                break;
            }
            let shown = survey.reviewed_state()?;
            let again = self.survey(source, Some(survey.keys));
            survey = self.timings.measure(TimedPhase::Review, again).await?;
            let changed_parts = shown.changed_parts(&survey.reviewed_state()?);
            if changed_parts.is_empty() {
                break;
            }
            self.note(&format!(
                "  changed while you were asked: {}; review it again",
                changed_parts.join(", ")
            ));
        }
        self.timings.measure(TimedPhase::Changes, self.make_changes(survey, source)).await
    }

    /// Checks what can be known before anything is compiled.
    async fn check_prerequisites(&self) -> Result<()> {
        if matches!(self.subject, Subject::Source(_)) {
            return prerequisites::check(self.environment, self.connection, &self.bucket, self.options).await;
        }
        if !self.bucket.exists().await? {
            bail!("the artifact bucket {} does not exist, so nothing was deployed yet", self.bucket.name());
        }
        Ok(())
    }

    /// Builds the source if the source is to be deployed.
    async fn build(&self) -> Result<Option<BuiltSource>> {
        let (Subject::Source(profile) | Subject::Code(profile)) = self.subject else { return Ok(None) };
        if self.options.consent == Consent::Implied {
            // A local stack is never rolled back to a release, and its source may be edited while it starts.
            let revision = SourceRevision::read().await;
            return Ok(Some(BuiltSource {
                functions: build::build(profile, &*self.connection.operator).await?,
                revision,
            }));
        }
        let (functions, revision) =
            SourceRevision::unchanged_during(build::build(profile, &*self.connection.operator)).await?;
        Ok(Some(BuiltSource { functions, revision }))
    }

    /// Recovers the stack if necessary, then reads everything that the deployment depends on.
    async fn survey(&self, source: Option<&BuiltSource>, keys: Option<DeploymentKeys>) -> Result<Survey> {
        let settings = RecoverySettings {
            environment: self.environment,
            consent: self.options.consent,
            lock: &self.lock,
            may_lose_data: self.may_lose_data(),
            // The first survey has already skipped these resources.
            skip: if keys.is_none() { &self.options.skip } else { &[] },
            reporter: self.reporter(),
            phase: &self.phase,
        };
        let client = self.connection.cloudformation();
        let last = async || self.last_successful_template().await;
        recovery::recover(&client, &stack::stack_name(self.environment), &settings, last).await?;
        let context = SurveyContext {
            environment: self.environment,
            connection: self.connection,
            bucket: &self.bucket,
        };
        Survey::read(context, &self.subject, source, keys).await
    }

    /// Ends a deployment without changes.
    async fn finish_without_changes(&self, survey: &Survey, deployed: &Deployed) -> Result<DeploymentResult> {
        self.note(&format!(
            "  no changes: the deployed template is up to date\n  \
             settings of live resources were not compared; {} compares them",
            command_for(&self.environment.name, "drift")
        ));
        let live_resources = &survey.review.live_resources;
        if let Some(obstacle) = live_resources.obstacle() {
            self.note(&format!("  {obstacle}"));
        }
        Ok(DeploymentResult {
            outputs: deployed.stack.outputs.clone(),
            summary: None,
            change: Change::Nothing,
            changed_at: deployed.stack.changed_at,
            verification: self.verification_of(deployed, survey.release.as_ref()).await,
            missing: live_resources.missing.clone(),
        })
    }

    /// Returns whether the deployed release still has to be verified.
    ///
    /// An earlier deployment may have ended without recording its result, so its result is recorded here. If `release`
    /// has the deployed template, it is recorded as the deployed one.
    async fn verification_of(&self, deployed: &Deployed, release: Option<&Release>) -> Verification {
        let read = self.deployed_release(deployed, release).await;
        match read {
            Ok(Some(stored)) if stored.release.is_verified() => Verification::Done,
            Ok(stored) => Verification::Needed(stored.map(Box::new)),
            Err(error) => {
                self.connection
                    .operator
                    .warn(&error.context("could not record the result of an earlier deployment"));
                Verification::Needed(None)
            }
        }
    }

    async fn deployed_release(
        &self,
        deployed: &Deployed,
        release: Option<&Release>,
    ) -> Result<Option<StoredRelease>> {
        let store = ReleaseStore::new(&self.bucket, self.environment);
        let all = store.record_missing_results(Some(&deployed.template)).await?;
        let hash = TemplateHash::new(&deployed.template)?;
        let history = History::new(all.iter().map(|stored| stored.release.clone()).collect());
        let current = history.deployed(Some(&hash)).map(|release| &release.id);
        let same = release.filter(|release| release.template == hash).map(|release| &release.id);
        let Some(id) = same.or(current) else { return Ok(None) };
        let Some(stored) = all.iter().find(|stored| stored.release.id == *id) else { return Ok(None) };
        let mut stored = stored.clone();
        if current != Some(id) {
            store.record_application(&mut stored, &self.connection.caller, &all).await?;
        }
        Ok(Some(stored))
    }

    /// Returns the template of the last successful release, with the current signing keys.
    async fn last_successful_template(&self) -> Result<TemplateSource> {
        let store = ReleaseStore::new(&self.bucket, self.environment);
        let keys = DeploymentKeys::read(self.environment, self.connection, None).await?;
        let history = store.history().await?;
        let release = history.last_applied().with_context(|| {
            format!(
                "no release of {} was deployed before; {} lists all",
                self.environment.name,
                command_for(&self.environment.name, "releases")
            )
        })?;
        let template = store.template(&release.template).await?.with_keys(self.environment, &keys.keys)?;
        template_source(self.environment, self.connection, &template.into()).await
    }

    fn may_lose_data(&self) -> bool {
        self.options.approvals.data_loss || self.options.consent == Consent::Implied
    }

    fn reporter(&self) -> Reporter<'_> {
        let is_implied = self.options.consent == Consent::Implied;
        let detail = if is_implied { Detail::Summary } else { Detail::Resources };
        Reporter { environment: self.environment.name.as_str(), operator: &*self.connection.operator, detail }
    }

    fn note(&self, text: &str) {
        self.connection.operator.note(text);
    }
}
