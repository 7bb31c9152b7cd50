//! `stack.json`: where everything is, for programs and tests.

use std::collections::BTreeMap;
use std::path::PathBuf;

use ::local::demo::{DemoAssets, DemoPackages};
use anyhow::{Context, Result};
use openapi::{DatasetNodeId, OrganizationId};
use serde::{Deserialize, Serialize};
use stack::Environment;

use crate::build::Profile;
use crate::workspace;

/// A local stack that runs.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct StackFile {
    /// What comes before `/restore`.
    pub(crate) api_url: String,
    /// The CDN edge.
    pub(crate) cdn_url: String,
    /// The page for people.
    pub(crate) console_url: String,
    /// The token issuer: `GET /token/{user}` answers with a fresh access token.
    pub(crate) issuer_url: String,
    /// The emulator.
    pub(crate) aws_endpoint_url: String,
    /// The platform's database.
    pub(crate) database_url: String,
    /// Access tokens by demo user.
    pub(crate) tokens: BTreeMap<String, String>,
    /// The integer that names the organization's schema.
    pub(crate) organization_id: OrganizationId,
    /// The demo dataset.
    pub(crate) dataset_id: DatasetNodeId,
    /// Demo packages by what they are good for.
    pub(crate) packages: DemoPackages,
    /// Paths of the viewer assets of the package `viewer`.
    pub(crate) assets: DemoAssets,
    /// URLs of the queues.
    pub(crate) queues: Queues,
    /// Names of the buckets.
    pub(crate) buckets: Buckets,
    /// The deployed stack.
    pub(crate) stack_name: String,
    /// Whether the functions are those built for Lambda.
    pub(crate) release: bool,
}

/// URLs of the queues.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Queues {
    /// Of the restore function.
    pub(crate) restore: String,
    /// What the restore function could not do.
    pub(crate) dead_letters: String,
    /// The platform's, which takes the changelog.
    pub(crate) jobs: String,
}

/// Names of the buckets.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Buckets {
    /// Viewer assets.
    pub(crate) assets: String,
    /// Files of packages.
    pub(crate) storage: String,
}

impl StackFile {
    /// Its name in the state directory.
    pub(crate) const NAME: &str = "stack.json";

    /// The stack that runs: the one that `PACKAGES_STACK` names, as in a command of `local`, or that in the usual
    /// directory.
    pub(crate) fn read_running() -> Result<Self> {
        let named = std::env::var_os("PACKAGES_STACK").filter(|path| !path.is_empty()).map(PathBuf::from);
        let path = named.unwrap_or_else(|| workspace::local_state().join(Self::NAME));
        let text = std::fs::read(&path)
            .context("the local stack does not run; start it with `cargo xtask local` in another terminal")?;
        serde_json::from_slice(&text).with_context(|| {
            format!("{} is malformed; end the local stack and start it again", path.display())
        })
    }

    /// How the functions of this stack are built.
    pub(crate) fn profile(&self, environment: &Environment) -> Profile {
        if self.release { Profile::Release(environment.architecture) } else { Profile::Development }
    }

    pub(crate) fn to_json(&self) -> Result<Vec<u8>> {
        Ok(serde_json::to_vec_pretty(self)?)
    }
}
