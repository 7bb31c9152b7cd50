//! `stack.json`: the addresses and ids of the local stack, for programs and tests.

use std::collections::BTreeMap;

use openapi::{DatasetNodeId, OrganizationId};
use rights::identity::Credentials;
use serde::{Deserialize, Serialize};

use crate::demo::{DemoAssets, DemoPackages};

/// The description of a running local stack.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StackFile {
    /// Base URL of the API, before `/restore`.
    pub api_url: String,
    /// URL of the CDN edge.
    pub cdn_url: String,
    /// URL of the console.
    pub console_url: String,
    /// URL of the viewer.
    pub viewer_url: String,
    /// URL of the token issuer: `GET /token/{user}` returns a fresh access token.
    pub issuer_url: String,
    /// URL of the emulator.
    pub aws_endpoint_url: String,
    /// URL of the platform's database.
    pub database_url: String,
    /// Credentials for AWS of the operators and of the functions, by name.
    pub credentials: BTreeMap<String, Credentials>,
    /// Access tokens by demo user.
    pub tokens: BTreeMap<String, String>,
    /// The integer that names the organization's schema.
    pub organization_id: OrganizationId,
    /// The demo dataset.
    pub dataset_id: DatasetNodeId,
    /// Packages for demo requests.
    pub packages: DemoPackages,
    /// Paths of the viewer assets of the package `viewer`.
    pub assets: DemoAssets,
    /// URLs of the queues.
    pub queues: Queues,
    /// Names of the buckets.
    pub buckets: Buckets,
    /// Name of the deployed stack.
    pub stack_name: String,
    /// Whether the functions are the binaries that were built for Lambda.
    pub release: bool,
}

/// URLs of the queues.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Queues {
    /// Queue of the restore function; `None` while no stack is deployed.
    pub restore: Option<String>,
    /// Dead-letter queue of the restore function; `None` while no stack is deployed.
    pub dead_letters: Option<String>,
    /// Jobs queue of the platform, which receives the changelog.
    pub jobs: String,
}

/// Names of the buckets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Buckets {
    /// Bucket for viewer assets; `None` while no stack is deployed.
    pub assets: Option<String>,
    /// Bucket for the files of packages.
    pub storage: String,
}

impl StackFile {
    /// Serializes the content of the file.
    pub fn to_json(&self) -> Result<Vec<u8>, serde_json::Error> {
        serde_json::to_vec_pretty(self)
    }
}
