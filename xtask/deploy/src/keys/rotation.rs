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
use super::store::{KeyStore, Overtaken, StoredRing};
use crate::apply::{Application, Audience, Detail, Mode, PhaseCell};
use crate::artifact_bucket::ArtifactBucket;
use crate::connection::Connection;
use crate::consent::{Consent, agree};
use crate::deployed_stack::DeployedStack;
use crate::lock::{self, Attempt, Lock};
use crate::platform_facts::{self, FactChange};

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
pub(super) enum Ending {
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
        let mut said = false;
        loop {
            let observation = observe(self.environment, self.connection, self.store).await?;
            if observation.observed.stack != StackState::Changing {
                return Ok(observation);
            }
            if !said {
                self.announce(&Step::AwaitStack);
                said = true;
            }
            if start.elapsed() > STACK_LIMIT {
                bail!(
                    "the stack has been changing for {} min; see `cargo xtask status`",
                    STACK_LIMIT.as_secs() / 60
                );
            }
            tokio::time::sleep(POLL).await;
        }
    }

    /// Does step after step until nothing is left to do, or nothing can be done yet.
    ///
    /// If an algorithm is given, a new key is created as soon as no other step comes first.
    pub(super) async fn run(&self, mut create: Option<Algorithm>) -> Result<Ending> {
        let mut known = Known::default();
        let mut last: Option<(Step, Instant)> = None;
        loop {
            let observation = self.observe().await?;
            let progress = Progress {
                create: create.is_some(),
                made: known.made.as_ref(),
                proven: known.proven.as_ref(),
            };
            let step = next_step(&observation.observed, self.intent, progress)?;
            let is_new = last.as_ref().is_none_or(|(same, _)| *same != step);
            match &last {
                Some((_, since)) if !is_new => {
                    if since.elapsed() > limit_of(&step) {
                        bail!("`{step}` has had no effect for too long; see `cargo xtask keys status`");
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
                Step::AwaitRetirement(time) if !self.wait => return Ok(Ending::Overlapping(time)),
                Step::Done => return Ok(Ending::Complete),
                step => match self.perform(&step, &observation, &mut create, &mut known).await {
                    // An emergency rotation continues from what the other process has left.
                    Err(error) if self.intent == Intent::Revoke && error.is::<Overtaken>() => {}
                    // The next observation determines what to deploy now.
                    Err(error) if step == Step::Deploy && error.is::<Overtaken>() => {}
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
        known: &mut Known,
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
                known.proven = Some(fingerprint.clone());
                Ok(())
            }
            Step::Activate => self.store.replace_ring(read, &read.ring.promoted()).await,
            Step::Schedule => {
                let hurry = self.intent == Intent::Revoke;
                let time = if hurry { now } else { now + self.overlap.within(self.environment) };
                self.store.replace_ring(read, &read.ring.retired_by(time, hurry)).await
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
                self.announce("enlist the key");
                let ring = match self.intent {
                    Intent::Revoke => read.ring.without_next(),
                    Intent::Rotate | Intent::Retire => read.ring.clone(),
                };
                enlist(self.store, read, &ring, &key, self.store.now()?).await?;
                *create = None;
                known.made = Some(key.fingerprint().clone());
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
            return Err(Overtaken.into());
        }
        let template = observation.template.as_ref().context("nothing is deployed")?;
        let stack = observation.stack.as_ref().context("nothing is deployed")?;
        self.allow(&self.changed_facts(stack, template).await?)?;
        let template = template.with_keys(self.environment, &keys)?.into();
        let application = Application {
            environment: self.environment,
            connection: self.connection,
            may_lose_data: false,
            mode: Mode::Standard,
            audience: Audience { operator: &*self.connection.operator, detail: Detail::Summary },
            phase: &PhaseCell::default(),
        };
        let check = async || {
            lock.ensure_held().await?;
            let has_moved = self.store.ring().await?.is_later_than(&observation.ring);
            if has_moved { Err(Overtaken.into()) } else { Ok(()) }
        };
        application.bring_to(&template, check).await.map(|_| ())
    }

    /// Returns the platform parameters that changed since the last deployment.
    ///
    /// CloudFormation resolves them again for each change set, so they would change with the keys.
    async fn changed_facts(
        &self,
        stack: &DeployedStack,
        template: &DeployedTemplate,
    ) -> Result<Vec<FactChange>> {
        let template = template.as_value();
        let facts = platform_facts::read(self.environment, self.connection, template).await?;
        Ok(platform_facts::changes(stack, template, &facts))
    }

    /// Returns the platform parameters that changed since the observed deployment.
    pub(super) async fn observed_facts(&self, observation: &Observation) -> Result<Vec<FactChange>> {
        match (&observation.stack, &observation.template) {
            (Some(stack), Some(template)) => self.changed_facts(stack, template).await,
            _ => Ok(Vec::new()),
        }
    }

    /// Rejects platform parameters that were not reviewed.
    ///
    /// An emergency rotation cannot wait for a review, so it only reports them.
    pub(super) fn allow(&self, changes: &[FactChange]) -> Result<()> {
        if changes.is_empty() {
            return Ok(());
        }
        if self.intent == Intent::Revoke {
            for FactChange { name, old, new, .. } in changes {
                self.connection
                    .operator
                    .note(&format!("  a platform parameter changes with the keys: {name}: {old} → {new}"));
            }
            return Ok(());
        }
        let names: Vec<&str> = changes.iter().map(|change| change.name.as_str()).collect();
        bail!(
            "platform parameters have changed since the last deployment ({}) and would change with the keys; \
             review and deploy them first with `cargo xtask deploy --env {}`",
            names.join(", "),
            self.environment.name
        )
    }

    /// Reports what will be done and asks for confirmation, unless another process is changing the environment.
    ///
    /// No key is made for a rotation that could not be completed now. An emergency rotation waits for the other
    /// process instead.
    pub(super) async fn agree(&self, consent: Consent, announcement: &str, question: &str) -> Result<()> {
        self.find_lock_free().await?;
        self.connection.operator.note(announcement);
        if consent == Consent::Ask {
            agree(consent, question, &*self.connection.operator).await?;
            self.find_lock_free().await?;
        }
        Ok(())
    }

    async fn find_lock_free(&self) -> Result<()> {
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
        let start = Instant::now();
        let mut said = false;
        loop {
            match Lock::attempt(&bucket, self.environment, self.connection, "rotation of keys").await? {
                Attempt::Acquired(lock) => return Ok(lock),
                Attempt::Refused(refusal) if start.elapsed() > STACK_LIMIT => bail!(refusal),
                Attempt::Refused(refusal) => {
                    if !said {
                        self.connection.operator.note(&format!("  {refusal}"));
                        said = true;
                    }
                    tokio::time::sleep(POLL).await;
                }
            }
        }
    }

    async fn probe(&self, observation: &Observation, fingerprint: &Fingerprint) -> Result<()> {
        let refused = || {
            format!(
                "the key {fingerprint} was not made active; the old key continues to sign.\nRun the command \
                 again, or remove the key with `cargo xtask keys retire {fingerprint} --env {}`",
                self.environment.name
            )
        };
        let domain = observation.distribution_domain.as_deref().context("nothing is deployed")?;
        let trusted = observation.observed.cloudfront.as_ref().map(|known| &known.trusted);
        let key_id =
            trusted.and_then(|trusted| trusted.get(fingerprint)).context("CloudFront lacks the key")?;
        let key = self.store.key_pair(fingerprint).await.with_context(refused)?;
        let prober = Prober::new(self.environment, self.connection, domain)?;
        prober.try_key(&key, key_id, observation.observed.now).await.with_context(refused)
    }
}

/// The progress of this run that cannot be observed.
#[derive(Default)]
struct Known {
    made: Option<Fingerprint>,
    proven: Option<Fingerprint>,
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
pub(super) async fn enlist(
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
