//! Releases: what was built for an environment, and when it was deployed.
//!
//! A release is a manifest in the artifact bucket. The manifest refers to its template by hash, and the template
//! refers to the functions' code by hash. A release therefore always deploys the same template and code.

mod ending;
mod history;
mod revision;
mod store;

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Result, bail};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use stack::{ArtifactHash, EnvironmentName, Fingerprint, FunctionName};

pub use self::ending::{Ending, Outcome};
pub use self::history::History;
pub use self::revision::SourceRevision;
pub use self::store::{ReleaseStore, StoredRelease, TemplateHash};

/// The ID of a release: its creation time and commit. IDs sort by creation time.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ReleaseId(String);

impl ReleaseId {
    fn new(time: DateTime<Utc>, source: &SourceRevision) -> Self {
        Self(format!("{}-{}", time.format("%Y%m%dT%H%M%SZ"), source.short()))
    }
}

impl TryFrom<String> for ReleaseId {
    type Error = anyhow::Error;

    fn try_from(text: String) -> Result<Self> {
        let is_id = text.split_once('-').is_some_and(|(time, commit)| {
            chrono::NaiveDateTime::parse_from_str(time, "%Y%m%dT%H%M%SZ").is_ok()
                && !commit.is_empty()
                && commit.len() <= 40
                && commit.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
        });
        if !is_id {
            bail!("`{text}` is not a release id such as 20261124T182233Z-8b8402f");
        }
        Ok(Self(text))
    }
}

impl std::str::FromStr for ReleaseId {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        text.to_owned().try_into()
    }
}

impl From<ReleaseId> for String {
    fn from(id: ReleaseId) -> Self {
        id.0
    }
}

impl std::fmt::Display for ReleaseId {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// A release.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Release {
    /// The ID of the release.
    pub id: ReleaseId,
    /// The environment that the release is for.
    pub environment: EnvironmentName,
    /// When the release was created.
    pub created_at: DateTime<Utc>,
    /// The ARN of its creator.
    pub created_by: String,
    /// The revision of its source.
    pub source: SourceRevision,
    /// The hash of the template, without the parts that depend on signing keys.
    pub template: TemplateHash,
    /// The SHA-256 of each function's zip file.
    pub functions: BTreeMap<FunctionName, ArtifactHash>,
    /// The program with which operators deploy it without its source, if one was published with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operator_program: Option<StoredProgram>,
    /// The keys that were trusted when the release was created.
    ///
    /// It is deployed with the current keys.
    pub signing_keys: BTreeSet<Fingerprint>,
    /// The deployments of the release, the oldest first.
    #[serde(default)]
    pub deployments: Vec<DeploymentRecord>,
}

/// A program for operators in the artifact bucket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredProgram {
    /// Its key in the bucket.
    pub key: String,
    /// Its platform, by its Rust name.
    pub platform: String,
    /// The SHA-256 of the program.
    pub sha256: ArtifactHash,
}

/// One deployment of a release.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeploymentRecord {
    /// The ARN of the caller that deployed it.
    pub by: String,
    /// When the deployment began.
    pub started_at: DateTime<Utc>,
    /// How the deployment ended, or `None` while it is running and if its result was never recorded.
    pub ending: Option<Ending>,
}

impl DeploymentRecord {
    fn may_have_changed_the_stack(&self) -> bool {
        self.ending.as_ref().is_none_or(|ending| ending.outcome.changed_the_stack())
    }
}

impl Release {
    /// Returns a description on one line.
    pub fn description(&self) -> String {
        let modified = if self.source.is_modified { ", with changes that were not committed" } else { "" };
        let commit = self.source.short();
        let created_at = self.created_at.format("%Y-%m-%d %H:%M:%S UTC");
        format!(
            "release {} of commit {commit}{modified}, created {created_at} by {}",
            self.id, self.created_by
        )
    }

    /// Returns the last deployment that changed the stack to this release, or that may have.
    ///
    /// A deployment without an ending counts: it is in progress, or it was killed.
    pub fn last_application(&self) -> Option<&DeploymentRecord> {
        self.deployments.iter().rev().find(|record| record.may_have_changed_the_stack())
    }

    /// Returns whether the last deployment that changed the stack to this release was verified.
    pub fn is_verified(&self) -> bool {
        let ending = self.last_application().and_then(|record| record.ending.as_ref());
        ending.is_some_and(|ending| ending.outcome == Outcome::Verified)
    }

    /// Returns why the release may not work, or `None` if its last deployment was verified.
    pub fn doubt(&self) -> Option<String> {
        let Some(record) = self.deployments.last() else {
            return Some(format!("release {} was never deployed", self.id));
        };
        let Some(Ending { at, outcome, reason }) = &record.ending else {
            let at = shown(record.started_at);
            return Some(format!("the deployment of release {} on {at} was not completed", self.id));
        };
        let what = match outcome {
            Outcome::Verified => return None,
            Outcome::Failed => "failed",
            Outcome::Applied => "was not verified",
            Outcome::VerificationFailed => "failed its verification",
        };
        let reason = reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
        Some(format!("the deployment of release {} on {} {what}{reason}", self.id, shown(*at)))
    }
}

fn shown(time: DateTime<Utc>) -> String {
    time.format("%Y-%m-%d %H:%M:%S UTC").to_string()
}

#[cfg(test)]
mod tests {
    use super::ReleaseId;

    #[test]
    fn release_id_is_a_time_and_a_commit() {
        for id in ["20261124T182233Z-8b8402f", "20261124T182233Z-unknown"] {
            assert_eq!(id.parse::<ReleaseId>().unwrap().to_string(), id);
        }
        for text in
            ["", "latest", "20261124T182233Z", "20261124T182233Z-", "20261324T182233Z-8b8402f", "../x-1"]
        {
            assert!(text.parse::<ReleaseId>().is_err(), "{text}");
        }
    }
}
