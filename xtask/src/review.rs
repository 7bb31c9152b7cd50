//! Everything that a deployment would change, before anything is changed.

mod contract;
mod functions;
mod signing_keys;
mod text;

use anyhow::Result;
use serde::Serialize;
use stack::{Environment, GrantChange, TemplateChange, TemplateReview};

use self::contract::ContractReview;
use self::functions::FunctionChange;
use self::signing_keys::KeyChanges;
use crate::artifact_bucket::ArtifactBucket;
use crate::aws::Connection;
use crate::candidate::Candidate;
use crate::deployed_stack::Deployed;
use crate::existing::{Conflict, Existing};
use crate::platform_facts::{self, FactChange};
use crate::release::{ReleaseStore, TemplateHash};

/// All differences between what is deployed and what would be.
#[derive(Serialize)]
pub(crate) struct Review {
    stack: String,
    account: String,
    region: String,
    /// Whether there is no stack yet.
    creates_stack: bool,
    /// Whether a first signing key would be generated.
    generates_key: bool,
    template: TemplateReview,
    platform_facts: Vec<FactChange>,
    functions: Vec<FunctionChange>,
    signing_keys: KeyChanges,
    contract: ContractReview,
    /// What is there already of what would be created.
    existing: Existing,
}

impl Review {
    /// Compare. Takes read rights only.
    pub(crate) async fn of(
        environment: &Environment,
        connection: &Connection,
        bucket: &ArtifactBucket,
        deployed: Option<&Deployed>,
        candidate: &Candidate,
        generates_key: bool,
    ) -> Result<Self> {
        let (facts, contract) = tokio::try_join!(
            platform_facts::read(environment, connection, candidate.template.as_value()),
            deployed_contract(environment, bucket, deployed),
        )?;
        let old = deployed.map(|deployed| deployed.template.as_value());
        let new = candidate.template.as_value();
        let existing = Existing::look_for(environment, connection, old, new, &facts).await;
        Ok(Self {
            stack: stack::stack_name(environment),
            account: connection.account.clone(),
            region: environment.region.to_string(),
            creates_stack: deployed.is_none(),
            generates_key,
            template: TemplateReview::of(old, new),
            platform_facts: deployed
                .map(|deployed| platform_facts::changes(&deployed.stack, new, &facts))
                .unwrap_or_default(),
            functions: functions::changes(old, new),
            signing_keys: KeyChanges::of(deployed.map(|deployed| &deployed.template), &candidate.template),
            contract: ContractReview::of(deployed.is_some(), contract.as_ref(), candidate.contract.as_ref()),
            existing,
        })
    }

    /// Whether a deployment would change nothing.
    pub(crate) fn is_empty(&self) -> bool {
        !self.creates_stack && self.template.is_empty() && self.platform_facts.is_empty()
    }

    /// What somebody may do after it that they may not now. A stack that is new grants nothing to anybody who had less.
    pub(crate) fn widening(&self) -> impl Iterator<Item = &GrantChange> {
        self.template.widening().filter(|_| !self.creates_stack)
    }

    /// The names that are taken.
    pub(crate) fn conflicts(&self) -> &[Conflict] {
        &self.existing.conflicts
    }

    /// What would be lost with all that is in it.
    pub(crate) fn endangered(&self) -> impl Iterator<Item = &TemplateChange> {
        self.template.endangered()
    }
}

async fn deployed_contract(
    environment: &Environment,
    bucket: &ArtifactBucket,
    deployed: Option<&Deployed>,
) -> Result<Option<serde_json::Value>> {
    let Some(deployed) = deployed else { return Ok(None) };
    let hash = TemplateHash::of(&deployed.template)?;
    ReleaseStore::new(bucket, environment).contract(&hash).await
}
