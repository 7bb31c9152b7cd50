//! Stores releases in the artifact bucket.
//!
//! | key | content |
//! |---|---|
//! | `{service}/releases/{environment}/{id}.json` | the manifest |
//! | `{service}/templates/{hash}.json` | the template |
//! | `{service}/contracts/{hash}.json` | the OpenAPI document of the API that the template deploys |

use anyhow::{Context, Result, bail};
use chrono::{DateTime, Utc};
use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use stack::{ArtifactHash, DeployedTemplate, Environment};

use super::history::next_time;
use super::{DeploymentRecord, Ending, History, Outcome, Release, ReleaseId, SourceRevision, StoredProgram};
use crate::advice::command_for;
use crate::artifact_bucket::{ArtifactBucket, Condition, Revision};
use crate::build::sha256;
use crate::candidate::Candidate;

/// The maximum number of manifests that are read concurrently.
const CONCURRENCY: usize = 16;

/// The SHA-256 of a template, without the parts that depend on signing keys.
///
/// It identifies a deployed template even after its keys were rotated.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TemplateHash(ArtifactHash);

impl TemplateHash {
    /// Returns the hash of a template, without the parts that depend on signing keys.
    pub fn new(template: &DeployedTemplate) -> Result<Self> {
        Ok(Self(sha256(template.without_keys().to_string().as_bytes()).parse()?))
    }
}

impl std::fmt::Display for TemplateHash {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(formatter)
    }
}

/// The releases of an environment.
pub struct ReleaseStore<'a> {
    bucket: &'a ArtifactBucket,
    environment: &'a Environment,
}

/// A manifest as it was read from the bucket.
#[derive(Clone, Debug)]
pub struct StoredRelease {
    /// The release.
    pub release: Release,
    revision: Revision,
}

impl<'a> ReleaseStore<'a> {
    /// Creates a store for the releases of an environment.
    pub fn new(bucket: &'a ArtifactBucket, environment: &'a Environment) -> Self {
        Self { bucket, environment }
    }

    /// Returns all releases, the newest first.
    pub async fn all(&self) -> Result<Vec<StoredRelease>> {
        let keys = self.bucket.keys_below(&self.prefix()).await?;
        let read = stream::iter(keys.into_iter().rev()).map(async |key| self.read(&key).await);
        let releases: Vec<_> = read.buffered(CONCURRENCY).try_collect().await?;
        Ok(releases.into_iter().flatten().collect())
    }

    /// Returns the newest release, if there is one.
    pub async fn newest(&self) -> Result<Option<StoredRelease>> {
        match self.bucket.keys_below(&self.prefix()).await?.last() {
            Some(key) => self.read(key).await,
            None => Ok(None),
        }
    }

    /// Returns the release with this ID.
    pub async fn get(&self, id: &ReleaseId) -> Result<StoredRelease> {
        let stored = self.read(&self.key(id)).await?;
        stored.with_context(|| {
            format!(
                "environment {} has no release {id}; {} lists them",
                self.environment.name,
                command_for(&self.environment.name, "releases")
            )
        })
    }

    /// Stores a candidate as a release. Its code must already be uploaded.
    ///
    /// The template and the contract are written first and the manifest last, because a manifest must refer only to
    /// objects that exist.
    pub async fn create(
        &self,
        candidate: &Candidate,
        source: SourceRevision,
        operator_program: Option<StoredProgram>,
        created_by: &str,
    ) -> Result<StoredRelease> {
        let hash = TemplateHash::new(&candidate.template)?;
        let template = candidate.template.as_value().to_string().into_bytes();
        let contract = candidate.contract.as_ref().context("a release needs a contract")?;
        let contract = contract.to_string().into_bytes();
        let (template_key, contract_key) = (self.template_key(&hash), self.contract_key(&hash));
        tokio::try_join!(
            self.bucket.write(&template_key, template, Condition::Absent),
            self.bucket.write(&contract_key, contract, Condition::Absent),
        )?;
        let created_at = self.bucket.now()?;
        let release = Release {
            id: ReleaseId::new(created_at, &source),
            environment: self.environment.name.clone(),
            created_at,
            created_by: created_by.to_owned(),
            source,
            template: hash,
            functions: candidate.functions.clone(),
            operator_program,
            signing_keys: candidate.template.trusted(),
            deployments: Vec::new(),
        };
        let key = self.key(&release.id);
        let written =
            self.bucket.write(&key, serde_json::to_vec_pretty(&release)?, Condition::Absent).await?;
        let revision = written.with_context(|| {
            format!(
                "release {} was created by another process in the same second; run the command again",
                release.id
            )
        })?;
        Ok(StoredRelease { release, revision })
    }

    /// Returns all releases with their deployments.
    pub async fn history(&self) -> Result<History> {
        Ok(History::new(self.all().await?.into_iter().map(|stored| stored.release).collect()))
    }

    /// Records in the manifest that a deployment has begun, after all that is recorded in these releases.
    pub async fn record_start(
        &self,
        stored: &mut StoredRelease,
        by: &str,
        all: &[StoredRelease],
    ) -> Result<()> {
        let started_at = self.next_time(all)?;
        let record = DeploymentRecord { by: by.to_owned(), started_at, ending: None };
        stored.release.deployments.push(record);
        self.update(stored).await
    }

    /// Records in the manifest how its last deployment ended.
    pub async fn record_result(
        &self,
        stored: &mut StoredRelease,
        outcome: Outcome,
        reason: Option<String>,
    ) -> Result<()> {
        let now = self.bucket.now()?;
        if let Some(record) = stored.release.deployments.last_mut() {
            let at = now.max(record.started_at);
            record.ending = Some(Ending { at, outcome, reason });
        }
        self.update(stored).await
    }

    /// Records in the manifest the result of the verification of the last deployment that changed the stack.
    pub async fn record_verification(
        &self,
        stored: &mut StoredRelease,
        outcome: Outcome,
        reason: Option<String>,
    ) -> Result<()> {
        let now = self.bucket.now()?;
        let id = &stored.release.id;
        let record =
            stored.release.deployments.iter_mut().rev().find(|record| record.may_have_changed_the_stack());
        let record =
            record.with_context(|| format!("release {id} has no deployment that changed the stack"))?;
        let at = now.max(record.started_at);
        record.ending = Some(Ending { at, outcome, reason });
        self.update(stored).await
    }

    /// Records in the manifest a deployment that had nothing to change, because its template is deployed, after all that
    /// is recorded in these releases.
    pub async fn record_application(
        &self,
        stored: &mut StoredRelease,
        by: &str,
        all: &[StoredRelease],
    ) -> Result<()> {
        let at = self.next_time(all)?;
        let ending = Some(Ending { at, outcome: Outcome::Applied, reason: None });
        stored.release.deployments.push(DeploymentRecord { by: by.to_owned(), started_at: at, ending });
        self.update(stored).await
    }

    /// Removes the record of a deployment that changed nothing.
    pub async fn remove_start_record(&self, stored: &mut StoredRelease) -> Result<()> {
        stored.release.deployments.pop();
        self.update(stored).await
    }

    /// Records the results of deployments that were killed before they could. Returns all releases.
    ///
    /// Such a deployment has changed the stack if its template is the deployed one, but was not verified.
    pub async fn record_missing_results(
        &self,
        deployed: Option<&DeployedTemplate>,
    ) -> Result<Vec<StoredRelease>> {
        let current = deployed.map(TemplateHash::new).transpose()?;
        let mut all = self.all().await?;
        for stored in &mut all {
            if stored.release.deployments.last().is_some_and(|record| record.ending.is_none()) {
                let is_deployed = current.as_ref() == Some(&stored.release.template);
                let outcome = if is_deployed { Outcome::Applied } else { Outcome::Failed };
                self.record_result(stored, outcome, None).await?;
            }
        }
        Ok(all)
    }

    fn next_time(&self, all: &[StoredRelease]) -> Result<DateTime<Utc>> {
        Ok(next_time(self.bucket.now()?, all.iter().map(|stored| &stored.release)))
    }

    async fn update(&self, stored: &mut StoredRelease) -> Result<()> {
        let key = self.key(&stored.release.id);
        let bytes = serde_json::to_vec_pretty(&stored.release)?;
        let written = self.bucket.write(&key, bytes, Condition::Unchanged(&stored.revision)).await?;
        let changed =
            || format!("the manifest of release {} was changed by another process", stored.release.id);
        stored.revision = written.with_context(changed)?;
        Ok(())
    }

    /// Returns the template of a release, after checking that it matches the hash.
    pub async fn template(&self, hash: &TemplateHash) -> Result<DeployedTemplate> {
        let key = self.template_key(hash);
        let stored = self.bucket.read(&key).await?;
        let stored = stored.with_context(|| format!("{key} is missing in {}", self.bucket.name()))?;
        let text = String::from_utf8(stored.bytes).with_context(|| format!("{key} is no text"))?;
        let template = DeployedTemplate::parse(&text).with_context(|| format!("in {key}"))?;
        if TemplateHash::new(&template)? != *hash {
            bail!(
                "{key} does not match the hash in its name, so it was changed after its upload; it is not \
                 deployed"
            );
        }
        Ok(template)
    }

    /// Returns the OpenAPI document of the API that a template deploys.
    ///
    /// Returns `None` if the template was not deployed by this tool.
    pub async fn contract(&self, hash: &TemplateHash) -> Result<Option<Value>> {
        let key = self.contract_key(hash);
        let stored = self.bucket.read(&key).await?;
        let contract = stored.map(|stored| serde_json::from_slice(&stored.bytes));
        contract.transpose().with_context(|| format!("{key} is no JSON"))
    }

    async fn read(&self, key: &str) -> Result<Option<StoredRelease>> {
        let Some(stored) = self.bucket.read(key).await? else { return Ok(None) };
        let release = serde_json::from_slice(&stored.bytes);
        let release = release.with_context(|| format!("s3://{}/{key} is no release", self.bucket.name()))?;
        Ok(Some(StoredRelease { release, revision: stored.revision }))
    }

    fn prefix(&self) -> String {
        format!("{}/releases/{}/", self.environment.service, self.environment.name)
    }

    fn key(&self, id: &ReleaseId) -> String {
        format!("{}{id}.json", self.prefix())
    }

    fn template_key(&self, hash: &TemplateHash) -> String {
        format!("{}/templates/{hash}.json", self.environment.service)
    }

    fn contract_key(&self, hash: &TemplateHash) -> String {
        format!("{}/contracts/{hash}.json", self.environment.service)
    }
}
