//! Carries out the steps of a plan.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use chrono::{DateTime, Utc};
use stack::{DeployedTemplate, Environment, Fingerprint};

use super::key_pair::KeyPair;
use super::observe::{Observation, observe};
use super::overlap::Overlap;
use super::plan::{Intent, Progress, StackState, Step, next_step};
use super::probe::Prober;
use super::ring::{Algorithm, KeyRing, KeyState, RingEntry};
use super::store::{ConcurrentChange, KeyStore, StoredRing};
use crate::advice::command_for;
use crate::apply::{Application, Detail, Mode, PhaseCell, ProposedChange, Reporter};
use crate::approvals::Approvals;
use crate::artifact_bucket::ArtifactBucket;
use crate::connection::Connection;
use crate::consent::{Consent, require_confirmation};
use crate::deployed_stack::DeployedStack;
use crate::lock::{self, Lock};
use crate::platform_parameters::{self, PlatformParameterChange};
use crate::rollback_guard::RollbackGuard;

/// How long a completed step may have no visible effect.
///
/// AWS reports changes with a delay.
const SETTLING: Duration = Duration::from_secs(30);
const STACK_LIMIT: Duration = Duration::from_hours(1);
const DISTRIBUTION_LIMIT: Duration = Duration::from_mins(30);
const POLL: Duration = Duration::from_secs(2);

/// A run that carries out the steps.
pub(super) struct Rotation<'a> {
    pub(super) environment: &'a Environment,
    pub(super) connection: &'a Connection,
    pub(super) store: &'a KeyStore<'a>,
    pub(super) intent: Intent,
    pub(super) overlap: Overlap,
    /// Whether to wait until the old keys may be removed.
    pub(super) wait: bool,
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RotationResult {
    /// Nothing is left to do.
    Complete,
    /// Old keys are kept until this time.
    Overlapping(DateTime<Utc>),
}

impl<'a> Rotation<'a> {
    /// Creates a run towards this goal, with the default overlap and without waiting for it to end.
    pub(super) fn new(
        environment: &'a Environment,
        connection: &'a Connection,
        store: &'a KeyStore<'a>,
        intent: Intent,
    ) -> Self {
        Self { environment, connection, store, intent, overlap: Overlap::default(), wait: false }
    }

    fn announce(&self, step: impl std::fmt::Display) {
        self.connection.operator.note(&format!("  step: {step}"));
    }

    /// Observes the state once no other process is changing the stack.
    pub(super) async fn observe(&self) -> Result<Observation> {
        let start = Instant::now();
        let mut announced = false;
        loop {
            let observation = observe(self.environment, self.connection, self.store).await?;
            if observation.observed.stack != StackState::Changing {
                return Ok(observation);
            }
            if !announced {
                self.announce(&Step::AwaitStack);
                announced = true;
            }
            if start.elapsed() > STACK_LIMIT {
                bail!(
                    "the stack has been changing for {} min; see {}",
                    STACK_LIMIT.as_secs() / 60,
                    command_for(&self.environment.name, "status")
                );
            }
            tokio::time::sleep(POLL).await;
        }
    }

    /// Does step after step until nothing is left to do, or nothing can be done yet.
    ///
    /// If an algorithm is given, a new key is created as soon as no other step comes first.
    pub(super) async fn run(&self, mut create: Option<Algorithm>) -> Result<RotationResult> {
        let mut known = RunProgress::default();
        let mut last: Option<(Step, Instant)> = None;
        loop {
            let observation = self.observe().await?;
            let progress = Progress {
                create: create.is_some(),
                new_key: known.new_key.as_ref(),
                accepted_key: known.accepted_key.as_ref(),
            };
            let step = next_step(&observation.observed, self.intent, progress)?;
            let is_new = last.as_ref().is_none_or(|(same, _)| *same != step);
            match &last {
                Some((_, since)) if !is_new => {
                    if since.elapsed() > limit_of(&step) {
                        let status = observation.observed.command("keys status");
                        bail!("`{step}` has had no effect for too long; see {status}");
                    }
                    tokio::time::sleep(POLL).await;
                }
                _ => {
                    if step != Step::Done {
                        self.announce(&step);
                    }
                    last = Some((step.clone(), Instant::now()));
                }
            }
            match step {
                Step::AwaitRetirement(time) if !self.wait => return Ok(RotationResult::Overlapping(time)),
                Step::Done => return Ok(RotationResult::Complete),
                step => match self.perform(&step, &observation, &mut create, &mut known).await {
                    // An emergency rotation continues from what the other process has left.
                    Err(error) if self.intent == Intent::Revoke && error.is::<ConcurrentChange>() => {}
                    // The next observation determines what to deploy now.
                    Err(error) if step == Step::Deploy && error.is::<ConcurrentChange>() => {}
                    performed => performed?,
                },
            }
            // The duration of a step itself does not count as time without effect.
            if is_new && let Some((_, since)) = &mut last {
                *since = Instant::now();
            }
        }
    }

    /// Carries out one step.
    async fn perform(
        &self,
        step: &Step,
        observation: &Observation,
        create: &mut Option<Algorithm>,
        known: &mut RunProgress,
    ) -> Result<()> {
        let read = &observation.ring;
        let now = observation.observed.now;
        match step {
            Step::AwaitStack | Step::AwaitDistribution | Step::Done => Ok(()),
            Step::AwaitKeyGroup(time) | Step::AwaitRetirement(time) => {
                let span = (*time - now).to_std().unwrap_or_default();
                // The next observation must not come within the same second.
                tokio::time::sleep(span + Duration::from_secs(1)).await;
                Ok(())
            }
            Step::Deploy => self.deploy().await,
            Step::Probe(fingerprint) => {
                self.probe(observation, fingerprint).await?;
                known.accepted_key = Some(fingerprint.clone());
                Ok(())
            }
            Step::Activate => self.store.replace_ring(read, &read.ring.promoted()).await,
            Step::Schedule => {
                let is_emergency = self.intent == Intent::Revoke;
                let time =
                    if is_emergency { now } else { now + self.overlap.in_environment(self.environment) };
                self.store.replace_ring(read, &read.ring.retired_by(time, is_emergency)).await
            }
            Step::Remove(fingerprints) => {
                self.store.replace_ring(read, &read.ring.without(fingerprints)).await
            }
            Step::Delete(fingerprints) => self.store.delete(fingerprints).await,
            Step::Create => {
                let Some(algorithm) = *create else { return Ok(()) };
                if self.intent != Intent::Revoke {
                    // If another run is faster, its key is equivalent.
                    *create = None;
                }
                let key = generate(algorithm).await?;
                self.store.put_key_pair(&key).await?;
                self.announce("add the key to the key ring");
                let ring = match self.intent {
                    Intent::Revoke => read.ring.without_next(),
                    Intent::Rotate | Intent::Retire => read.ring.clone(),
                };
                add_to_ring(self.store, read, &ring, &key, self.store.now()?).await?;
                *create = None;
                known.new_key = Some(key.fingerprint().clone());
                Ok(())
            }
        }
    }

    /// Deploys the keys of the ring, and changes nothing else in the deployed template.
    ///
    /// The lock prevents a concurrent deployment with other keys, and a change to the template that this deployment
    /// is based on.
    async fn deploy(&self) -> Result<()> {
        let lock = self.lock().await?;
        let deployed = self.deploy_locked(&lock).await;
        lock.release().await;
        deployed
    }

    async fn deploy_locked(&self, lock: &Lock) -> Result<()> {
        let observation = self.observe().await?;
        let keys = self.store.signing_keys(&observation.ring.ring).await?;
        if self.store.ring().await?.is_later_than(&observation.ring) {
            return Err(ConcurrentChange::in_environment(self.environment).into());
        }
        let template = observation.template.as_ref().context("nothing is deployed")?;
        let stack = observation.stack.as_ref().context("nothing is deployed")?;
        self.allow(&self.parameter_changes(stack, template).await?)?;
        let template = template.with_keys(self.environment, &keys)?.into();
        let application = Application {
            environment: self.environment,
            connection: self.connection,
            approvals: &Approvals::default(),
            mode: Mode::Standard,
            guard: &RollbackGuard::default(),
            waits: true,
            reporter: Reporter {
                environment: self.environment.name.as_str(),
                operator: &*self.connection.operator,
                detail: Detail::Summary,
            },
            phase: &PhaseCell::default(),
        };
        let check = async |_: &[ProposedChange]| {
            lock.ensure_held().await?;
            let has_moved = self.store.ring().await?.is_later_than(&observation.ring);
            if has_moved { Err(ConcurrentChange::in_environment(self.environment).into()) } else { Ok(()) }
        };
        application.update_to(&template, check).await.map(|_| ())
    }

    /// Returns the platform parameters that changed since the last deployment.
    ///
    /// CloudFormation resolves them again for each change set, so they would change with the keys.
    async fn parameter_changes(
        &self,
        stack: &DeployedStack,
        template: &DeployedTemplate,
    ) -> Result<Vec<PlatformParameterChange>> {
        platform_parameters::current_changes(self.environment, self.connection, stack, template).await
    }

    /// Returns the platform parameters that changed since the observed deployment.
    pub(super) async fn observed_parameter_changes(
        &self,
        observation: &Observation,
    ) -> Result<Vec<PlatformParameterChange>> {
        match (&observation.stack, &observation.template) {
            (Some(stack), Some(template)) => self.parameter_changes(stack, template).await,
            _ => Ok(Vec::new()),
        }
    }

    /// Rejects platform parameters that were not reviewed.
    ///
    /// An emergency rotation cannot wait for a review, so it only reports them.
    pub(super) fn allow(&self, changes: &[PlatformParameterChange]) -> Result<()> {
        if changes.is_empty() {
            return Ok(());
        }
        if self.intent == Intent::Revoke {
            for PlatformParameterChange { name, old, new, .. } in changes {
                self.connection
                    .operator
                    .note(&format!("  a platform parameter changes with the keys: {name}: {old} → {new}"));
            }
            return Ok(());
        }
        platform_parameters::reject_unreviewed(self.environment, changes, "the keys")
    }

    /// Reports what will be done and asks for confirmation, unless another process is changing the environment.
    ///
    /// No key is made for a rotation that could not be completed now. An emergency rotation waits for the other
    /// process instead.
    pub(super) async fn require_confirmation(
        &self,
        consent: Consent,
        announcement: &str,
        question: &str,
    ) -> Result<()> {
        self.ensure_lock_is_free().await?;
        self.connection.operator.note(announcement);
        if consent == Consent::Ask {
            require_confirmation(consent, question, &*self.connection.operator).await?;
            self.ensure_lock_is_free().await?;
        }
        Ok(())
    }

    async fn ensure_lock_is_free(&self) -> Result<()> {
        if self.intent == Intent::Revoke {
            self.lock().await?.release().await;
            return Ok(());
        }
        let bucket = ArtifactBucket::new(self.environment, self.connection);
        lock::ensure_free(&bucket, self.environment).await
    }

    /// Waits for the environment's lock and acquires it.
    async fn lock(&self) -> Result<Lock> {
        let bucket = ArtifactBucket::new(self.environment, self.connection);
        let action = "rotation of keys";
        Lock::acquire_within(STACK_LIMIT, &bucket, self.environment, self.connection, action).await
    }

    async fn probe(&self, observation: &Observation, fingerprint: &Fingerprint) -> Result<()> {
        let rejected = || {
            format!(
                "the key {fingerprint} was not made active; the old key continues to sign.\nRun the command \
                 again, or remove the key with {}",
                command_for(&self.environment.name, &format!("keys retire {fingerprint}"))
            )
        };
        let domain = observation.distribution_domain.as_deref().context("nothing is deployed")?;
        let trusted = observation.observed.cloudfront.as_ref().map(|known| &known.trusted);
        let key_id =
            trusted.and_then(|trusted| trusted.get(fingerprint)).context("CloudFront lacks the key")?;
        let key = self.store.key_pair(fingerprint).await.with_context(rejected)?;
        let prober = Prober::new(self.environment, self.connection, domain)?;
        prober.try_key(&key, key_id, observation.observed.now).await.with_context(rejected)
    }
}

/// The progress of this run that cannot be observed.
#[derive(Default)]
struct RunProgress {
    new_key: Option<Fingerprint>,
    accepted_key: Option<Fingerprint>,
}

/// Returns how long a step may be repeated.
fn limit_of(step: &Step) -> Duration {
    match step {
        Step::AwaitRetirement(_) | Step::AwaitKeyGroup(_) => Duration::MAX,
        Step::AwaitDistribution => DISTRIBUTION_LIMIT,
        _ => SETTLING,
    }
}

/// Stores the ring with a key added as the next one, or as the active one if the ring is empty.
///
/// The key must already be stored, because the ring must refer only to stored keys. A run that ends before this point
/// leaves parameters that are not used.
pub(super) async fn add_to_ring(
    store: &KeyStore<'_>,
    read: &StoredRing,
    ring: &KeyRing,
    key: &KeyPair,
    created_at: DateTime<Utc>,
) -> Result<()> {
    let state = if ring.is_empty() { KeyState::Active } else { KeyState::Next };
    let entry = RingEntry::new(key.fingerprint().clone(), key.algorithm(), created_at, state);
    store.replace_ring(read, &ring.with(entry)?).await
}

/// Generates a key, which takes a while for RSA.
pub(super) async fn generate(algorithm: Algorithm) -> Result<KeyPair> {
    tokio::task::spawn_blocking(move || KeyPair::generate(algorithm))
        .await
        .context("generating a key was interrupted")?
}
