//! The status of an environment at a glance.
//!
//! A part that cannot be read, for example because a permission is missing, does not hide the others.

mod alarms;
mod distribution;
mod part;
mod restores;
mod traffic;

use anyhow::{Context, Result, anyhow};
use chrono::{DateTime, Utc};
use serde::Serialize;
use stack::{DeployedTemplate, Environment};

pub use self::alarms::{Alarm, Alarms};
pub use self::distribution::{Certificate, Distribution};
pub use self::part::{Mark, Part};
pub use self::restores::Restores;
pub use self::traffic::Traffic;
use crate::apply::{Detail, EventLog, Operation, Reporter, follow};
use crate::artifact_bucket::ArtifactBucket;
use crate::connection::Connection;
use crate::deployed_stack::{Condition, DeployedStack};
use crate::keys::ActiveKey;
use crate::lock::{self, Holder};
use crate::release::{Release, ReleaseStore, TemplateHash};

/// The status of an environment.
#[derive(Debug, Serialize)]
pub struct Status {
    /// The name of the environment.
    pub environment: String,
    /// The name of the stack.
    pub stack: String,
    /// The AWS account ID.
    pub account: String,
    /// The stack in CloudFormation.
    pub deployment: Part<Deployment>,
    /// The holder of the environment's lock: a deployment in progress.
    pub lock: Part<UnderWay>,
    /// What is deployed, or `None` without a usable stack.
    #[serde(flatten)]
    pub deployed: Option<Deployed>,
}

/// The stack in CloudFormation.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Deployment {
    /// The status, or `None` if there is no stack.
    pub condition: Option<String>,
    /// When the stack was last changed.
    pub changed_at: Option<DateTime<Utc>>,
}

/// A change in progress.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct UnderWay {
    /// Who makes it, if there is one.
    #[serde(flatten)]
    pub holder: Option<Holder>,
}

/// The status of what is deployed.
#[derive(Debug, Serialize)]
pub struct Deployed {
    /// The release.
    pub release: Part<DeployedRelease>,
    /// The alarms.
    pub alarms: Part<Alarms>,
    /// The requests of the last hour.
    pub traffic: Part<Traffic>,
    /// The restore queue.
    pub restores: Part<Restores>,
    /// The key that signs.
    pub signing_key: Part<SigningKey>,
    /// The distribution.
    pub distribution: Part<Distribution>,
    /// The certificate of the distribution's own domain, or `None` if it has no such domain.
    pub certificate: Option<Part<Certificate>>,
}

/// The deployed release.
#[derive(Debug, Serialize)]
pub struct DeployedRelease {
    /// The release, or `None` if no release has deployed the template.
    #[serde(flatten)]
    pub release: Option<Release>,
}

/// The key that signs.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct SigningKey {
    /// The key, if there is one.
    #[serde(flatten)]
    pub active: Option<ActiveKey>,
}

/// Follows the current operation on the stack, if there is one.
pub async fn follow_stack(environment: &Environment, connection: &Connection) -> Result<()> {
    let client = connection.cloudformation();
    let name = stack::stack_name(environment);
    let Some(stack) = DeployedStack::find(&client, &name).await? else { return Ok(()) };
    if stack.condition != Condition::Changing {
        return Ok(());
    }
    let reporter = Reporter {
        environment: environment.name.as_str(),
        operator: &*connection.operator,
        detail: Detail::Resources,
    };
    let mut log = EventLog::with_current_operation(&client, &stack.id).await?;
    follow(&client, &mut log, &name, Operation::Other, reporter).await
}

impl Status {
    /// Reads the status of an environment.
    pub async fn read(environment: &Environment, connection: &Connection) -> Self {
        let client = connection.cloudformation();
        let name = stack::stack_name(environment);
        let bucket = ArtifactBucket::new(environment, connection);
        let (stack, holder) =
            tokio::join!(DeployedStack::find(&client, &name), lock::holder(&bucket, environment));
        let lock = Part::new(holder.map(|holder| UnderWay { holder }), |_| false);
        let is_under_way = lock.value().is_some_and(|lock| lock.holder.is_some());
        let deployed = match &stack {
            Ok(None) => None,
            Ok(Some(stack)) if stack.condition == Condition::Broken => None,
            stack => {
                let stack = stack.as_ref().ok().and_then(Option::as_ref);
                // The future of all parts together is large.
                Some(Box::pin(Deployed::read(environment, connection, stack, is_under_way)).await)
            }
        };
        let is_broken = stack.as_ref().is_ok_and(|stack| {
            let failed = [Condition::Broken, Condition::RollbackFailed, Condition::UpdateFailed];
            stack.as_ref().is_some_and(|stack| failed.contains(&stack.condition))
        });
        let deployment = stack.map(|stack| Deployment {
            condition: stack.as_ref().map(|stack| stack.status.to_string()),
            changed_at: stack.and_then(|stack| stack.changed_at),
        });
        Self {
            environment: environment.name.to_string(),
            stack: name,
            account: connection.account.clone(),
            deployment: Part::new(deployment, |_| is_broken),
            lock,
            deployed,
        }
    }

    /// Returns whether something is wrong. What is unknown is not wrong.
    pub fn needs_attention(&self) -> bool {
        let of_deployed = self.deployed.iter().flat_map(Deployed::marks);
        [self.deployment.mark(), self.lock.mark()]
            .into_iter()
            .chain(of_deployed)
            .any(|it| it == Mark::Attention)
    }
}

impl Deployed {
    /// Reads the parts. Without the stack, which could not be read, some of them are known.
    async fn read(
        environment: &Environment,
        connection: &Connection,
        stack: Option<&DeployedStack>,
        is_under_way: bool,
    ) -> Self {
        let needed = || stack.context("the stack was not read");
        let client = connection.cloudformation();
        let template = async { needed()?.template(&client).await }.await;
        let known_template = template.as_ref().ok().map(DeployedTemplate::as_value);
        let (release, alarms, traffic, restores, signing_key, (distribution, certificate)) = tokio::join!(
            release(environment, connection, &template),
            Alarms::read(environment, connection, known_template),
            async { Traffic::read(connection, &needed()?.outputs).await },
            async { Restores::read(connection, &needed()?.outputs).await },
            ActiveKey::read(environment, connection),
            distribution(connection, needed()),
        );
        let alarms = Part::new(alarms, |alarms| alarms.active().next().is_some());
        let is_any_active = |names: &[&str]| alarms.value().is_some_and(|alarms| alarms.is_any_active(names));
        // The thresholds are those of the alarms.
        let traffic = Part::new(traffic, |_| is_any_active(&["api-5xx", "api-latency"]));
        let restores = Part::new(restores, |restores| {
            restores.dead_letters > 0 || is_any_active(&["restore-oldest-message", "restore-queue-stuck"])
        });
        // The start of the local stack deploys the source without a release.
        let is_verified = |release: &Option<Release>| {
            release.as_ref().map_or(connection.local.is_some(), Release::is_verified)
        };
        Self {
            release: Part::new(release.map(|release| DeployedRelease { release }), |it| {
                !is_under_way && !is_verified(&it.release)
            }),
            alarms,
            traffic,
            restores,
            signing_key: Part::new(signing_key.map(|active| SigningKey { active }), |key| {
                key.active.as_ref().is_none_or(|active| active.is_due)
            }),
            distribution,
            certificate,
        }
    }

    fn marks(&self) -> impl Iterator<Item = Mark> {
        let certificate = self.certificate.as_ref().map(Part::mark);
        let others = [
            self.release.mark(),
            self.alarms.mark(),
            self.traffic.mark(),
            self.restores.mark(),
            self.signing_key.mark(),
            self.distribution.mark(),
        ];
        others.into_iter().chain(certificate)
    }
}

async fn release(
    environment: &Environment,
    connection: &Connection,
    template: &Result<DeployedTemplate>,
) -> Result<Option<Release>> {
    let template = template.as_ref().map_err(|error| anyhow!("{error:#}"))?;
    let bucket = ArtifactBucket::new(environment, connection);
    let history = ReleaseStore::new(&bucket, environment).history().await?;
    Ok(history.deployed(Some(&TemplateHash::new(template)?)).cloned())
}

/// Returns the distribution, and its certificate if it has a domain of its own.
async fn distribution(
    connection: &Connection,
    stack: Result<&DeployedStack>,
) -> (Part<Distribution>, Option<Part<Certificate>>) {
    let distribution = async { Distribution::read(connection, &stack?.outputs).await }.await;
    let distribution = Part::new(distribution, |_| false);
    let arn = distribution.value().and_then(|distribution| distribution.certificate.as_deref());
    let certificate = match arn {
        Some(arn) => {
            let certificate = Certificate::read(connection, arn).await;
            Some(Part::new(certificate, |certificate| certificate.needs_attention(Utc::now())))
        }
        None => None,
    };
    (distribution, certificate)
}
