//! `stack.json`: where everything is, for programs and tests.

use std::collections::BTreeMap;
use std::path::PathBuf;

use machine::workspace;
use openapi::{DatasetNodeId, OrganizationId};
use serde::{Deserialize, Serialize};

use crate::demo::{DemoAssets, DemoPackages};

/// A local stack that runs.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct StackFile {
    /// What comes before `/restore`.
    pub api_url: String,
    /// The CDN edge.
    pub cdn_url: String,
    /// The page for people.
    pub console_url: String,
    /// The token issuer: `GET /token/{user}` answers with a fresh access token.
    pub issuer_url: String,
    /// The emulator.
    pub aws_endpoint_url: String,
    /// The platform's database.
    pub database_url: String,
    /// Access tokens by demo user.
    pub tokens: BTreeMap<String, String>,
    /// The integer that names the organization's schema.
    pub organization_id: OrganizationId,
    /// The demo dataset.
    pub dataset_id: DatasetNodeId,
    /// Demo packages by what they are good for.
    pub packages: DemoPackages,
    /// Paths of the viewer assets of the package `viewer`.
    pub assets: DemoAssets,
    /// URLs of the queues.
    pub queues: Queues,
    /// Names of the buckets.
    pub buckets: Buckets,
    /// The deployed stack.
    pub stack_name: String,
    /// Whether the functions are those built for Lambda.
    pub release: bool,
}

/// URLs of the queues.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Queues {
    /// Of the restore function.
    pub restore: String,
    /// What the restore function could not do.
    pub dead_letters: String,
    /// The platform's, which takes the changelog.
    pub jobs: String,
}

/// Names of the buckets.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Buckets {
    /// Viewer assets.
    pub assets: String,
    /// Files of packages.
    pub storage: String,
}

impl StackFile {
    /// Its name in the state directory.
    pub const NAME: &str = "stack.json";

    /// Reads the file of the running stack: the one that `PACKAGES_STACK` names, as in a command of `local`, or that in the
    /// usual directory.
    pub fn read_running() -> Result<Self, StackFileError> {
        let named = std::env::var_os("PACKAGES_STACK").filter(|path| !path.is_empty()).map(PathBuf::from);
        let path = named.unwrap_or_else(|| workspace::local_state().join(Self::NAME));
        let text = std::fs::read(&path).map_err(StackFileError::NotRunning)?;
        serde_json::from_slice(&text).map_err(|source| StackFileError::Malformed { path, source })
    }

    /// The content of the file.
    pub fn to_json(&self) -> Result<Vec<u8>, serde_json::Error> {
        serde_json::to_vec_pretty(self)
    }
}

/// Why the file of the running stack cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum StackFileError {
    /// There is no file.
    #[error("the local stack does not run; start it with `cargo xtask local` in another terminal")]
    NotRunning(#[source] std::io::Error),
    /// The file is of another version.
    #[error("{} is malformed; end the local stack and start it again", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: serde_json::Error,
    },
}
