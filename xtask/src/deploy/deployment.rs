//! One deployment, from the lock to the outputs.

use anyhow::{Context, Result, bail};
use aws_sdk_cloudformation::Client;
use stack::Environment;

use super::options::Options;
use super::recovery::Terms;
use super::survey::{BuiltSource, Place, Survey};
use super::{protection, recovery, verification};
use crate::apply::{Application, Applied, Detail, Phase, PhaseCell, TemplateSource, template_source};
use crate::artifact_bucket::ArtifactBucket;
use crate::aws::Connection;
use crate::build::{self, Profile};
use crate::consent::Consent;
use crate::deployed_stack::{Condition, Deployed, DeployedStack, Outputs};
use crate::keys::DeploymentKeys;
use crate::lock::LockGuard;
use crate::release::{ReleaseId, ReleaseStore, SourceRevision, StoredRelease, TemplateHash};
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
    subject: Subject,
    consent: Consent,
    bucket: ArtifactBucket,
    /// Held from the look at what is deployed to the end, but not while somebody is asked.
    lock: LockGuard<'a>,
    phase: PhaseCell,
}

impl<'a> Deployment<'a> {
    pub(crate) fn new(
        environment: &'a Environment,
        connection: &'a Connection,
        options: &'a Options,
        subject: Subject,
    ) -> Self {
        let bucket = ArtifactBucket::new(environment, connection);
        let action = if matches!(subject, Subject::Previous) { "rollback" } else { "deploy" };
        let lock = LockGuard::new(environment, connection, &bucket, action);
        let (consent, phase) = (options.consent(), PhaseCell::default());
        Self { environment, connection, options, subject, consent, bucket, lock, phase }
    }

    /// Deploy for a person or for CI: with a review, verified, and until it is interrupted.
    pub(crate) async fn run(self) -> Result<Outcome> {
        self.connection.announce(self.environment);
        let work = async {
            let ending = self.carry_out().await;
            self.lock.release().await;
            let ending = ending?;
            // They are there whatever the verification says, and it is verified whether they can be written or not.
            println!("{}", ending.outputs.to_json()?);
            let written = self.options.write_outputs(&ending.outputs);
            self.verify(&ending).await?;
            written
        };
        tokio::select! {
            outcome = work => outcome.map(|()| Outcome::Done),
            interrupted = process::interrupted() => {
                interrupted?;
                terminal::say(self.phase.get().interruption(self.environment));
                self.lock.release().await;
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
        let mut deployment = Deployment::new(environment, connection, &options, Subject::Source(profile));
        deployment.consent = Consent::Implied;
        let ending = deployment.carry_out().await;
        deployment.lock.release().await;
        Ok(ending?.outputs)
    }

    async fn carry_out(&self) -> Result<Ending> {
        // Building takes long, and must keep nobody out.
        let source = self.build().await?;
        if source.is_some() {
            self.bucket.ensure(self.consent).await?;
        } else if !self.bucket.exists().await? {
            bail!("the artifact bucket {} does not exist, and so no release", self.bucket.name());
        }
        self.lock.acquire().await?;
        let source = source.as_ref();
        let mut survey = self.survey(source, None).await?;
        // What was agreed to is what is done: if anything has moved while somebody was asked, they are asked again.
        loop {
            if let Some(deployed) = survey.unchanged() {
                return self.change_nothing(deployed).await;
            }
            self.show(&survey.review)?;
            self.lock.agree(self.consent, "Make these changes?").await?;
            if self.consent != Consent::Ask {
                break;
            }
            let shown = survey.shown()?;
            survey = self.survey(source, Some(survey.keys)).await?;
            let moved = shown.moved(&survey.shown()?);
            if moved.is_empty() {
                break;
            }
            terminal::say(format!("  changed while you were asked: {}; review again", moved.join(", ")));
        }
        self.make_changes(survey, source).await
    }

    /// Build the source, where it is the source that is deployed.
    async fn build(&self) -> Result<Option<BuiltSource>> {
        let Subject::Source(profile) = self.subject else { return Ok(None) };
        if self.consent == Consent::Implied {
            // Nobody goes back to a release of a local stack, and its source is edited while it comes up.
            let revision = SourceRevision::of_checkout().await;
            return Ok(Some(BuiltSource { functions: build::build(profile).await?, revision }));
        }
        let (functions, revision) = SourceRevision::during(build::build(profile)).await?;
        Ok(Some(BuiltSource { functions, revision }))
    }

    /// Look at everything, once the stack can be changed.
    async fn survey(&self, source: Option<&BuiltSource>, keys: Option<DeploymentKeys>) -> Result<Survey> {
        let terms = Terms {
            environment: self.environment,
            consent: self.consent,
            lock: &self.lock,
            may_lose_data: self.may_lose_data(),
            // What had to be skipped was, when this looked for the first time.
            skip: if keys.is_none() { self.options.skip() } else { &[] },
            detail: self.detail(),
            phase: &self.phase,
        };
        let client = Client::new(&self.connection.configuration);
        let last = async || self.last_successful_template().await;
        recovery::settle(&client, &stack::stack_name(self.environment), &terms, last).await?;
        let place =
            Place { environment: self.environment, connection: self.connection, bucket: &self.bucket };
        Survey::take(place, &self.subject, source, keys).await
    }

    /// End a deployment that has nothing to do. It may be the first one after one that could not say how it ended.
    async fn change_nothing(&self, deployed: &Deployed) -> Result<Ending> {
        terminal::say("  no changes: what is deployed is as it should be");
        let store = ReleaseStore::new(&self.bucket, self.environment);
        if let Err(error) = store.note_lost_endings(Some(&deployed.template)).await {
            terminal::warning(&error.context("how an earlier deployment ended could not be recorded"));
        }
        Ok(Ending { outputs: deployed.stack.outputs.clone(), change: Change::Nothing })
    }

    async fn make_changes(&self, survey: Survey, source: Option<&BuiltSource>) -> Result<Ending> {
        let client = Client::new(&self.connection.configuration);
        let stack_name = stack::stack_name(self.environment);
        let store = ReleaseStore::new(&self.bucket, self.environment);
        if let Some(source) = source.filter(|_| self.consent != Consent::Implied) {
            source.revision.ensure_checked_out().await?;
        }
        survey.keys.store_new_key(self.environment, self.connection).await?;
        store.note_lost_endings(survey.deployed_template()).await?;
        let mut release = self.release(&store, &survey, source).await?;
        store.note_beginning(&mut release, &self.connection.caller).await?;
        let applied = self.apply(&survey).await;
        let noted = match &applied {
            Ok(Applied::Changes) => store.note_ending(&mut release, true).await,
            Ok(Applied::Nothing) => store.forget_beginning(&mut release).await,
            Err(_) => {
                // As long as CloudFormation is at it, nobody knows; the next deployment will.
                if let Ok(deployed) = Deployed::read(self.environment, self.connection).await
                    && deployed.as_ref().is_none_or(|it| it.stack.condition != Condition::Changing)
                {
                    let hash = deployed.and_then(|it| TemplateHash::of(&it.template).ok());
                    let succeeded = hash.as_ref() == Some(&release.release.template);
                    store.note_ending(&mut release, succeeded).await
                } else {
                    Ok(())
                }
            }
        };
        // It is a note. What was done stays done, and why it failed is what has to be told.
        if let Err(error) = noted {
            terminal::warning(&error.context(
                "how this deployment ended could not be recorded in its release; the next deployment does it",
            ));
        }
        let change = match applied? {
            Applied::Nothing => Change::Nothing,
            Applied::Changes if survey.deployed.is_some() => Change::Updated,
            Applied::Changes => Change::Created,
        };
        protection::ensure(&client, self.environment).await;
        let outputs = DeployedStack::get(&client, &stack_name).await?.outputs;
        Ok(Ending { outputs, change })
    }

    /// The template of the release that was last deployed with success, with the keys of now.
    async fn last_successful_template(&self) -> Result<TemplateSource> {
        let store = ReleaseStore::new(&self.bucket, self.environment);
        let keys = DeploymentKeys::read(self.environment, self.connection, None).await?;
        let release = store.previous(None).await?;
        let template = store.template(&release.template).await?.with_keys(self.environment, &keys.keys)?;
        template_source(self.environment, self.connection, &template.into()).await
    }

    /// The manifest of what is deployed; for the source, it is made.
    async fn release(
        &self,
        store: &ReleaseStore<'_>,
        survey: &Survey,
        source: Option<&BuiltSource>,
    ) -> Result<StoredRelease> {
        if let Some(release) = &survey.release {
            return store.get(&release.id).await;
        }
        let source = source.context("there is neither a release nor a source to deploy")?;
        artifacts::upload(&self.bucket, self.environment, &source.functions).await?;
        store.create(&survey.candidate, source.revision.clone(), &self.connection.caller).await
    }

    /// Have CloudFormation bring the stack to the candidate.
    async fn apply(&self, survey: &Survey) -> Result<Applied> {
        let application = Application {
            environment: self.environment,
            connection: self.connection,
            may_lose_data: self.may_lose_data(),
            mode: self.options.mode(),
            detail: self.detail(),
            phase: &self.phase,
        };
        let check = async || {
            self.lock.ensure_held().await?;
            survey.keys.ensure_current(self.environment, self.connection).await
        };
        application.bring_to(&survey.candidate.template, check).await
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

    /// Show what would change, and refuse what needs a flag.
    fn show(&self, review: &Review) -> Result<()> {
        if self.consent == Consent::Implied {
            return Ok(());
        }
        terminal::say(format!("\n{}", review.to_text(Palette::of_errors()).trim_end()));
        terminal::say("");
        self.options.judge(review)
    }

    fn may_lose_data(&self) -> bool {
        self.options.may_lose_data() || self.consent == Consent::Implied
    }

    fn detail(&self) -> Detail {
        if self.consent == Consent::Implied { Detail::Summary } else { Detail::Resources }
    }
}
