//! What could be deployed: the source as it is, or a release.

use std::collections::BTreeMap;

use anyhow::{Result, bail};
use serde_json::Value;
use stack::{ArtifactHash, DeployedTemplate, Environment, FunctionName, Inputs, SigningKeys};

use crate::artifact_bucket::ArtifactBucket;
use crate::artifacts;
use crate::build::BuiltFunction;
use crate::release::{Release, ReleaseStore};

/// Something that could be deployed, with the signing keys of this moment.
pub struct Candidate {
    /// The template.
    pub template: DeployedTemplate,
    /// The OpenAPI document of what it deploys; none where that of a release is lost.
    pub contract: Option<Value>,
    /// The SHA-256 of each function's zip.
    pub functions: BTreeMap<FunctionName, ArtifactHash>,
}

impl Candidate {
    /// The source as it is, with the functions that were built from it.
    pub fn of_source(
        environment: &Environment,
        signing_keys: &SigningKeys,
        built: &[BuiltFunction],
    ) -> Result<Self> {
        let artifacts = artifacts::of_built(environment, built)?;
        let template = stack::render(&Inputs { environment, signing_keys, artifacts: &artifacts })?;
        let deployed = built.iter().filter(|function| environment.functions().contains(&function.name));
        Ok(Self {
            template: template.to_value().into(),
            contract: Some(openapi::openapi_document()),
            functions: deployed.map(|function| (function.name, function.hash.clone())).collect(),
        })
    }

    /// A release as it was made, but with the keys of now: going back must not bring back a key that was retired.
    pub async fn of_release(
        environment: &Environment,
        bucket: &ArtifactBucket,
        signing_keys: &SigningKeys,
        release: &Release,
    ) -> Result<Self> {
        let store = ReleaseStore::new(bucket, environment);
        let (template, contract, missing) = tokio::try_join!(
            store.template(&release.template),
            store.contract(&release.template),
            artifacts::missing(bucket, environment, release.functions.iter()),
        )?;
        if let Some(key) = missing.first() {
            bail!(
                "the code of release {} is no longer in {} ({}); deploy another release or the source",
                release.id,
                bucket.name(),
                key.as_str()
            );
        }
        Ok(Self {
            template: template.with_keys(environment, signing_keys)?.into(),
            contract,
            functions: release.functions.clone(),
        })
    }
}
