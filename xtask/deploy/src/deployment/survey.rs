//! Reads the deployed state and the candidate, and compares them, as of one time.

use anyhow::{Context as _, Result, bail};
use serde_json::Value;
use stack::{DeployedTemplate, Environment};

use super::run::Subject;
use crate::advice::command_for;
use crate::artifact_bucket::ArtifactBucket;
use crate::build::BuiltFunction;
use crate::candidate::Candidate;
use crate::connection::Connection;
use crate::deployed_stack::Deployed;
use crate::keys::DeploymentKeys;
use crate::live_resources::LiveResources;
use crate::release::{Release, ReleaseStore, SourceRevision, TemplateHash};
use crate::review::{Review, differing_parts};

/// The error of a deployment without anything to deploy.
pub(super) const NOTHING_TO_DEPLOY: &str = "there is neither a release nor a source to deploy";

/// The functions built from the source, and their revision.
pub(super) struct BuiltSource {
    pub(super) functions: Vec<BuiltFunction>,
    pub(super) revision: SourceRevision,
}

/// What a survey reads from: the environment, the connection, and the bucket.
#[derive(Clone, Copy)]
pub(super) struct SurveyContext<'a> {
    pub(super) environment: &'a Environment,
    pub(super) connection: &'a Connection,
    pub(super) bucket: &'a ArtifactBucket,
}

impl SurveyContext<'_> {
    /// Returns the last verified release before the deployed one.
    async fn earlier_release(self, deployed: Option<&Deployed>) -> Result<Release> {
        let Self { environment, connection, bucket } = self;
        let name = &environment.name;
        let history = ReleaseStore::new(bucket, environment).history().await?;
        let current = deployed.map(|deployed| TemplateHash::new(&deployed.template)).transpose()?;
        let way_back = history.way_back(current.as_ref());
        for release in &way_back {
            if release.is_verified() {
                return Ok((*release).clone());
            }
            if let Some(doubt) = release.doubt() {
                connection.operator.note(&format!("  skipped: {doubt}"));
            }
        }
        match way_back.first() {
            None => {
                bail!("there is no earlier release of {name}; {} lists all", command_for(name, "releases"))
            }
            Some(release) => bail!(
                "no earlier release of {name} was verified; to deploy one of them anyway, run {}",
                command_for(name, &format!("rollback --to {}", release.id))
            ),
        }
    }
}

/// Everything that a deployment depends on, as of one time.
pub(super) struct Survey {
    pub(super) deployed: Option<Deployed>,
    pub(super) keys: DeploymentKeys,
    /// The release to deploy, or `None` if the source is deployed.
    pub(super) release: Option<Release>,
    pub(super) candidate: Candidate,
    pub(super) review: Review,
}

/// A review as it was shown, with the template behind it.
///
/// The template does not contain the signing keys, because they may change until the deployment starts.
pub(super) struct ReviewedState {
    review: Value,
    template: Value,
}

impl Survey {
    /// Reads everything that the deployment depends on.
    ///
    /// A first signing key that an earlier survey generated is reused.
    pub(super) async fn read(
        context: SurveyContext<'_>,
        subject: &Subject,
        source: Option<&BuiltSource>,
        earlier: Option<DeploymentKeys>,
    ) -> Result<Self> {
        let SurveyContext { environment, connection, bucket } = context;
        let (deployed, keys) = tokio::try_join!(
            Deployed::read(environment, connection),
            DeploymentKeys::read(environment, connection, earlier),
        )?;
        let store = ReleaseStore::new(bucket, environment);
        let release = match (subject, source) {
            (Subject::Release(id) | Subject::Rollback(Some(id)), _) => Some(store.get(id).await?.release),
            (_, Some(_)) => None,
            (_, None) => Some(context.earlier_release(deployed.as_ref()).await?),
        };
        let candidate = match (&release, source) {
            (None, Some(source)) if matches!(subject, Subject::Code(_)) => {
                let deployed = deployed.as_ref().context("nothing is deployed that could get other code")?;
                let revision = source.revision.clone();
                Candidate::from_code(environment, bucket, deployed, &source.functions, revision).await?
            }
            (None, Some(source)) => {
                let revision = source.revision.clone();
                Candidate::from_source(environment, &keys.keys, &source.functions, revision)?
            }
            (None, None) => bail!(NOTHING_TO_DEPLOY),
            (Some(release), _) => {
                connection.operator.note(&format!("  {}", release.description()));
                Candidate::from_release(environment, bucket, &keys.keys, release).await?
            }
        };
        let has_new_key = keys.has_new_key();
        let live_resources = LiveResources::look_up(connection, deployed.as_ref());
        let review = Review::compare(
            environment,
            connection,
            bucket,
            deployed.as_ref(),
            live_resources,
            &candidate,
            has_new_key,
        );
        let review = review.await?;
        Ok(Self { deployed, keys, release, candidate, review })
    }

    /// Returns the deployed stack if a deployment would change nothing.
    pub(super) fn unchanged(&self) -> Option<&Deployed> {
        self.deployed.as_ref().filter(|_| self.review.is_empty())
    }

    /// Returns the deployed template.
    pub(super) fn deployed_template(&self) -> Option<&DeployedTemplate> {
        self.deployed.as_ref().map(|deployed| &deployed.template)
    }

    /// Returns what is shown for confirmation.
    pub(super) fn reviewed_state(&self) -> Result<ReviewedState> {
        let template = self.candidate.template.without_keys();
        Ok(ReviewedState { review: serde_json::to_value(&self.review)?, template })
    }
}

impl ReviewedState {
    /// Returns the names of the parts that differ from `now`.
    pub(super) fn changed_parts(&self, now: &Self) -> Vec<String> {
        let mut changed_parts = differing_parts(&self.review, &now.review);
        if changed_parts.is_empty() && self.template != now.template {
            changed_parts.insert("template".to_owned());
        }
        changed_parts.into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::ReviewedState;

    fn state(review: Value, template: Value) -> ReviewedState {
        ReviewedState { review, template }
    }

    #[test]
    fn changed_parts_of_a_review_are_named() {
        let before = state(json!({ "stack": "s", "signing_keys": ["a"], "template": 1 }), json!({}));
        let same = state(json!({ "stack": "s", "signing_keys": ["a"], "template": 1 }), json!({}));
        assert_eq!(before.changed_parts(&same), Vec::<String>::new());
        let keys = state(json!({ "stack": "s", "signing_keys": ["b"], "template": 1, "new": 1 }), json!({}));
        assert_eq!(before.changed_parts(&keys), ["new", "signing keys"]);
        // A difference that the review does not show also counts.
        let hidden =
            state(json!({ "stack": "s", "signing_keys": ["a"], "template": 1 }), json!({ "Description": 2 }));
        assert_eq!(before.changed_parts(&hidden), ["template"]);
    }
}
