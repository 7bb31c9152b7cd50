//! One deployment, from the lock to the outputs.

use anyhow::{Context, Result, bail};
use aws_sdk_cloudformation::Client;
use stack::Environment;
use tokio::sync::Mutex;

use super::options::Options;
use super::recovery::Terms;
use super::{protection, recovery, verification};
use crate::apply::{Application, Applied, Detail, Phase, PhaseCell, TemplateSource, template_source};
use crate::artifact_bucket::ArtifactBucket;
use crate::aws::Connection;
use crate::build::{self, BuiltFunction, Profile};
use crate::candidate::Candidate;
use crate::consent::{Consent, agree};
use crate::deployed_stack::{Condition, Deployed, DeployedStack, Outputs};
use crate::keys::DeploymentKeys;
use crate::lock::Lock;
use crate::release::{Release, ReleaseId, ReleaseStore, SourceRevision, TemplateHash};
use crate::review::Review;
use crate::terminal::Palette;
use crate::{Outcome, artifacts, process, terminal};

/// What shall be deployed.
pub(crate) enum Subject {
    /// The source as it is, built like this.
    Source(Profile),
    /// What was made ready before.
    Release(ReleaseId),
    /// What was deployed before that which is deployed now.
    Previous,
}

/// What shall be deployed, once it is at hand.
enum Material {
    Source(Vec<BuiltFunction>),
    Release(Box<Release>),
}

/// What came of a deployment.
struct Ending {
    outputs: Outputs,
    change: Change,
}

/// What was changed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Change {
    Nothing,
    Created,
    Updated,
}

/// A deployment of an environment.
pub(crate) struct Deployment<'a> {
    environment: &'a Environment,
    connection: &'a Connection,
    options: &'a Options,
    consent: Consent,
    bucket: ArtifactBucket,
    /// Held from the look at what is deployed to the end.
    lock: Mutex<Option<Lock>>,
    phase: PhaseCell,
}

impl<'a> Deployment<'a> {
    pub(crate) fn new(
        environment: &'a Environment,
        connection: &'a Connection,
        options: &'a Options,
    ) -> Self {
        Self {
            environment,
            connection,
            options,
            consent: options.consent(),
            bucket: ArtifactBucket::new(environment, connection),
            lock: Mutex::new(None),
            phase: PhaseCell::default(),
        }
    }

    /// Deploy for a person or for CI: with a review, verified, and until it is interrupted.
    pub(crate) async fn run(self, subject: Subject) -> Result<Outcome> {
        self.connection.announce(self.environment);
        let work = async {
            let ending = self.carry_out(subject).await;
            self.unlock().await;
            let ending = ending?;
            // They are there whatever the verification says.
            println!("{}", ending.outputs.to_json()?);
            self.options.write_outputs(&ending.outputs)?;
            self.verify(&ending).await
        };
        tokio::select! {
            outcome = work => outcome.map(|()| Outcome::Done),
            interrupted = process::interrupted() => {
                interrupted?;
                terminal::say(self.phase.get().interruption(self.environment));
                self.unlock().await;
                // What a shell reports for a program that was interrupted.
                Ok(Outcome::Code(130))
            }
        }
    }

    /// Deploy the source to this machine's own stack, where nobody has to agree.
    pub(crate) async fn to_local_stack(
        environment: &'a Environment,
        connection: &'a Connection,
        profile: Profile,
    ) -> Result<Outputs> {
        let options = Options::default();
        let mut deployment = Deployment::new(environment, connection, &options);
        deployment.consent = Consent::Implied;
        let ending = deployment.carry_out(Subject::Source(profile)).await;
        deployment.unlock().await;
        Ok(ending?.outputs)
    }

    async fn carry_out(&self, subject: Subject) -> Result<Ending> {
        // Building takes long, and must keep nobody out.
        let built = match subject {
            Subject::Source(profile) => Some(build::build(profile).await?),
            Subject::Release(_) | Subject::Previous => None,
        };
        if built.is_some() {
            self.bucket.ensure(self.consent).await?;
        } else if !self.bucket.exists().await? {
            bail!("the artifact bucket {} does not exist, and so no release", self.bucket.name());
        }
        let action = if matches!(subject, Subject::Previous) { "rollback" } else { "deploy" };
        let lock = Lock::acquire(&self.bucket, self.environment, self.connection, action).await?;
        *self.lock.lock().await = Some(lock);

        let client = Client::new(&self.connection.configuration);
        let stack_name = stack::stack_name(self.environment);
        let terms = Terms {
            environment: self.environment,
            consent: self.consent,
            may_lose_data: self.may_lose_data(),
            skip: self.options.skip(),
            detail: self.detail(),
            phase: &self.phase,
        };
        recovery::settle(&client, &stack_name, &terms, async || self.last_successful_template().await)
            .await?;
        let (deployed, keys) = tokio::try_join!(
            Deployed::read(self.environment, self.connection),
            DeploymentKeys::read(self.environment, self.connection),
        )?;
        let store = ReleaseStore::new(&self.bucket, self.environment);
        let current = deployed.as_ref().map(|deployed| &deployed.template);
        let material = match (subject, built) {
            (Subject::Release(id), _) => Material::Release(Box::new(store.get(&id).await?.release)),
            (_, Some(built)) => Material::Source(built),
            (_, None) => Material::Release(Box::new(store.previous(current).await?)),
        };
        let candidate = match &material {
            Material::Source(built) => Candidate::of_source(self.environment, &keys.keys, built)?,
            Material::Release(release) => {
                terminal::say(format!("  {}", release.description()));
                Candidate::of_release(self.environment, &self.bucket, &keys.keys, release).await?
            }
        };
        let review = Review::of(
            self.environment,
            self.connection,
            &self.bucket,
            deployed.as_ref(),
            &candidate,
            keys.has_new_key(),
        );
        let review = review.await?;
        let change = if deployed.is_some() { Change::Updated } else { Change::Created };
        if let Some(deployed) = deployed.as_ref().filter(|_| review.is_empty()) {
            terminal::say("  no changes: what is deployed is as it should be");
            return Ok(Ending { outputs: deployed.stack.outputs.clone(), change: Change::Nothing });
        }
        self.ask(&review).await?;
        if let Some(lock) = &*self.lock.lock().await {
            lock.ensure_held().await?;
        }
        keys.store_new_key(self.environment, self.connection).await?;
        store.note_lost_endings(current).await?;
        let mut release = match material {
            Material::Source(built) => {
                artifacts::upload(&self.bucket, self.environment, &built).await?;
                let source = SourceRevision::of_checkout().await;
                store.create(&candidate, source, &self.connection.caller).await?
            }
            Material::Release(release) => store.get(&release.id).await?,
        };
        store.note_beginning(&mut release, &self.connection.caller).await?;
        let applied = self.apply(&candidate).await;
        match &applied {
            Ok(Applied::Changes) => store.note_ending(&mut release, true).await?,
            Ok(Applied::Nothing) => store.forget_beginning(&mut release).await?,
            Err(_) => {
                // As long as CloudFormation is at it, nobody knows; the next deployment will.
                if let Ok(deployed) = Deployed::read(self.environment, self.connection).await
                    && deployed.as_ref().is_none_or(|it| it.stack.condition != Condition::Changing)
                {
                    let hash = deployed.map(|it| TemplateHash::of(&it.template)).transpose()?;
                    let succeeded = hash.as_ref() == Some(&release.release.template);
                    store.note_ending(&mut release, succeeded).await?;
                }
            }
        }
        let change = if applied? == Applied::Changes { change } else { Change::Nothing };
        protection::ensure(&client, self.environment).await;
        let outputs = DeployedStack::get(&client, &stack_name).await?.outputs;
        Ok(Ending { outputs, change })
    }

    /// The template of the release that was last deployed with success, with the keys of now.
    async fn last_successful_template(&self) -> Result<TemplateSource> {
        let store = ReleaseStore::new(&self.bucket, self.environment);
        let keys = DeploymentKeys::read(self.environment, self.connection).await?;
        let release = store.previous(None).await?;
        let template = store.template(&release.template).await?.with_keys(self.environment, &keys.keys)?;
        template_source(self.environment, self.connection, &template.into()).await
    }

    /// Have CloudFormation bring the stack to the candidate.
    async fn apply(&self, candidate: &Candidate) -> Result<Applied> {
        let application = Application {
            environment: self.environment,
            connection: self.connection,
            may_lose_data: self.may_lose_data(),
            mode: self.options.mode(),
            detail: self.detail(),
            phase: &self.phase,
        };
        application.bring_to(&candidate.template).await
    }

    /// Try what was deployed.
    async fn verify(&self, ending: &Ending) -> Result<()> {
        let is_local = self.environment.name.as_str() == ::local::ENVIRONMENT;
        match ending.change {
            Change::Nothing => Ok(()),
            Change::Created if is_local => {
                terminal::say(
                    "  not verified: a local stack that runs serves no stack that was made anew; start it again",
                );
                Ok(())
            }
            Change::Created | Change::Updated => {
                self.phase.set(Phase::Verifying);
                let verified = verification::verify(self.environment, self.connection, &ending.outputs).await;
                verified.with_context(|| match ending.change {
                    Change::Updated => format!(
                        "everything is deployed, but does not work as it should; \
                         `cargo xtask rollback --env {}` puts back what was there before",
                        self.environment.name
                    ),
                    _ => "everything is deployed, but does not work as it should".to_owned(),
                })
            }
        }
    }

    /// Show what would change, and have somebody agree to it.
    async fn ask(&self, review: &Review) -> Result<()> {
        if self.consent == Consent::Implied {
            return Ok(());
        }
        terminal::say(format!("\n{}", review.to_text(Palette::of_errors()).trim_end()));
        terminal::say("");
        self.options.judge(review)?;
        agree(self.consent, "Make these changes?").await
    }

    fn may_lose_data(&self) -> bool {
        self.options.may_lose_data() || self.consent == Consent::Implied
    }

    fn detail(&self) -> Detail {
        if self.consent == Consent::Implied { Detail::Summary } else { Detail::Resources }
    }

    async fn unlock(&self) {
        if let Some(lock) = self.lock.lock().await.take() {
            lock.release().await;
        }
    }
}
