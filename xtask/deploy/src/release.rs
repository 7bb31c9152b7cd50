//! Releases: what was made ready for an environment, and when it was deployed.
//!
//! A release is a manifest in the artifact bucket. It names its template by hash, and the template names the functions'
//! code by hash, so that a release is always deployed as it was made.

mod revision;
mod store;

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Result, bail};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use stack::{ArtifactHash, EnvironmentName, Fingerprint, FunctionName};

pub use self::revision::SourceRevision;
pub use self::store::{ReleaseStore, StoredRelease, TemplateHash};

/// The id of a release: when it was made, and from which commit. In the order of their ids, releases are in the order
/// in which they were made.
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
    /// Its id.
    pub id: ReleaseId,
    /// The environment that it is for.
    pub environment: EnvironmentName,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// Who made it, as AWS knows them.
    pub created_by: String,
    /// The commit that it was made from.
    pub source: SourceRevision,
    /// The template, without what depends on the keys of a moment.
    pub template: TemplateHash,
    /// The SHA-256 of each function's zip.
    pub functions: BTreeMap<FunctionName, ArtifactHash>,
    /// The keys that were trusted when it was made; it is deployed with those of the moment.
    pub signing_keys: BTreeSet<Fingerprint>,
    /// Each time it was deployed, the last one last.
    #[serde(default)]
    pub deployments: Vec<DeploymentRecord>,
}

/// One time that a release was deployed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeploymentRecord {
    /// Who deployed it, as AWS knows them.
    pub by: String,
    /// When the deployment began.
    pub started_at: DateTime<Utc>,
    /// Nothing as long as it is under way, and where it was never told how it ended.
    pub ending: Option<Ending>,
}

/// How a deployment ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ending {
    /// When it ended.
    pub at: DateTime<Utc>,
    /// Whether the stack was brought to the release.
    pub succeeded: bool,
}

impl Release {
    /// What it is, on one line.
    pub fn description(&self) -> String {
        let modified = if self.source.is_modified { ", with changes that were not committed" } else { "" };
        let commit = self.source.short();
        let created_at = self.created_at.format("%Y-%m-%d %H:%M:%S UTC");
        format!("release {} of commit {commit}{modified}, made {created_at} by {}", self.id, self.created_by)
    }

    /// When it was last deployed with success.
    pub fn last_deployed_at(&self) -> Option<DateTime<Utc>> {
        let endings = self.deployments.iter().filter_map(|record| record.ending.as_ref());
        endings.filter(|ending| ending.succeeded).map(|ending| ending.at).max()
    }
}

#[cfg(test)]
mod tests {
    use super::ReleaseId;

    #[test]
    fn an_id_is_a_time_and_a_commit() {
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
