//! `stack.json`: where everything is, for programs and tests.

use std::collections::BTreeMap;

use ::local::demo::{DemoAssets, DemoData, DemoPackages};
use ::local::platform::PlatformResources;
use anyhow::{Context, Result};
use openapi::{DatasetNodeId, OrganizationId};
use serde::{Deserialize, Serialize};
use stack::{Environment, OutputName};

use super::data_plane::DataPlane;
use super::foundation::Foundation;
use crate::build::Profile;
use crate::outputs::Outputs;
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
    restore: String,
    dead_letters: String,
    jobs: String,
}

/// Names of the buckets.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Buckets {
    assets: String,
    storage: String,
}

impl StackFile {
    /// Its name in the state directory.
    pub(super) const NAME: &str = "stack.json";

    /// Describe a stack that has just come up.
    pub(super) fn of(
        environment: &Environment,
        profile: Profile,
        foundation: &Foundation,
        data_plane: &DataPlane,
        outputs: &Outputs,
        platform: &PlatformResources,
        demo: &DemoData,
    ) -> Result<Self> {
        let output = |name| outputs.get(name).map(str::to_owned);
        Ok(Self {
            api_url: data_plane.urls.gateway.clone(),
            cdn_url: data_plane.urls.edge.clone(),
            console_url: data_plane.urls.console.clone(),
            issuer_url: data_plane.urls.issuer.clone(),
            aws_endpoint_url: foundation.emulator.endpoint_url(),
            database_url: foundation.postgres.url(),
            tokens: data_plane.tokens()?,
            organization_id: demo.organization_id,
            dataset_id: demo.dataset_id.clone(),
            packages: demo.packages.clone(),
            assets: demo.assets.clone(),
            queues: Queues {
                restore: output(OutputName::RestoreQueueUrl)?,
                dead_letters: output(OutputName::RestoreDeadLetterQueueUrl)?,
                jobs: platform.jobs_queue_url.clone(),
            },
            buckets: Buckets {
                assets: output(OutputName::AssetsBucketName)?,
                storage: platform.storage_bucket.clone(),
            },
            stack_name: stack::stack_name(environment),
            release: profile != Profile::Development,
        })
    }

    /// The stack that runs in the usual directory.
    pub(crate) fn read_running() -> Result<Self> {
        let path = workspace::target().join("local").join(Self::NAME);
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

    pub(super) fn to_json(&self) -> Result<Vec<u8>> {
        Ok(serde_json::to_vec_pretty(self)?)
    }
}
