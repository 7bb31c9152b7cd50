//! Reviews everything that a deployment would change, before anything is changed.

mod contract;
mod functions;
mod signing_keys;

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use serde::Serialize;
use serde_json::Value;
use stack::{
    ActionCounts, Consequence, Environment, ResourceAction, TemplateChange, TemplateReview, TemplateState,
};

pub use self::contract::{ContractChange, ContractReview};
pub use self::functions::FunctionChange;
pub use self::signing_keys::KeyChanges;
use crate::artifact_bucket::ArtifactBucket;
use crate::candidate::Candidate;
use crate::connection::Connection;
use crate::deployed_stack::Deployed;
use crate::existing::{Conflict, Existing};
use crate::live_resources::LiveResources;
use crate::platform_parameters::{self, PlatformParameterChange};
use crate::release::{ReleaseStore, SourceRevision, TemplateHash};

/// All differences between what is deployed and what would be deployed.
#[derive(Serialize)]
pub struct Review {
    /// The name of the environment.
    pub environment: String,
    /// The name of the stack.
    pub stack: String,
    /// The AWS account ID.
    pub account: String,
    /// The region.
    pub region: String,
    /// The revision of the source that the candidate was built from.
    pub source: SourceRevision,
    /// Whether the stack would be created.
    pub creates_stack: bool,
    /// Whether a first signing key would be generated.
    pub generates_key: bool,
    /// The differences in the template.
    pub template: TemplateReview,
    /// Platform parameters that changed since the last deployment.
    #[serde(rename = "platform_facts")]
    pub platform_parameters: Vec<PlatformParameterChange>,
    /// Functions with changed code.
    pub functions: Vec<FunctionChange>,
    /// Signing keys that would be added, removed, or used for signing.
    pub signing_keys: KeyChanges,
    /// The differences in the API's contract.
    pub contract: ContractReview,
    /// Resources to be created that already exist.
    pub existing: Existing,
    /// Deployed resources that no longer exist.
    pub live_resources: LiveResources,
}

impl Review {
    /// Compares the deployed template with a candidate. Requires only read permissions.
    ///
    /// `live_resources` are those of the deployed stack, which may have been looked up already.
    pub async fn compare(
        environment: &Environment,
        connection: &Connection,
        bucket: &ArtifactBucket,
        deployed: Option<&Deployed>,
        live_resources: impl Future<Output = LiveResources>,
        candidate: &Candidate,
        generates_key: bool,
    ) -> Result<Self> {
        let old = deployed.map(|deployed| deployed.template.as_value());
        let new = candidate.template.as_value();
        let compare = async {
            let (values, contract) = tokio::try_join!(
                platform_parameters::read(environment, connection, new),
                deployed_contract(environment, bucket, deployed),
            )?;
            let existing = Existing::find(environment, connection, old, new, &values).await;
            anyhow::Ok((values, contract, existing))
        };
        let (compared, live_resources) = tokio::join!(compare, live_resources);
        let (values, contract, existing) = compared?;
        Ok(Self {
            environment: environment.name.to_string(),
            stack: stack::stack_name(environment),
            account: connection.account.clone(),
            region: environment.region.to_string(),
            source: candidate.source.clone(),
            creates_stack: deployed.is_none(),
            generates_key,
            template: TemplateReview::compare(
                deployed.map(|deployed| TemplateState {
                    template: deployed.template.as_value(),
                    parameters: &deployed.stack.parameters,
                }),
                TemplateState { template: new, parameters: &values },
            ),
            platform_parameters: deployed
                .map(|deployed| platform_parameters::changes(&deployed.stack, new, &values))
                .unwrap_or_default(),
            functions: functions::changes(old, new),
            signing_keys: KeyChanges::between(
                deployed.map(|deployed| &deployed.template),
                &candidate.template,
            ),
            contract: ContractReview::compare(
                deployed.is_some(),
                contract.as_ref(),
                candidate.contract.as_ref(),
            ),
            existing,
            live_resources,
        })
    }

    /// Returns the review as JSON, with the number of resources for each action, and of what needs attention.
    pub fn to_json(&self) -> Result<Value> {
        let mut review = serde_json::to_value(self)?;
        let mut counts = serde_json::to_value(self.actions().into_values().collect::<ActionCounts>())?;
        counts["data_loss"] = self.endangered().len().into();
        counts["widening"] = self.widening().into();
        counts["breaking"] = self.breaking().into();
        review["counts"] = counts;
        Ok(review)
    }

    /// Returns whether a deployment would change nothing.
    pub fn is_empty(&self) -> bool {
        !self.creates_stack && self.template.is_empty() && self.platform_parameters.is_empty()
    }

    /// Returns what happens to each resource that a deployment would change.
    pub fn actions(&self) -> BTreeMap<&str, ResourceAction> {
        let taken_over =
            |name: &str| self.existing.takeovers.iter().any(|takeover| takeover.resource == name);
        let action = |change: &TemplateChange| match change.action() {
            ResourceAction::Add if taken_over(&change.name) => ResourceAction::Import,
            action => action,
        };
        self.template.resources().map(|change| (change.name.as_str(), action(change))).collect()
    }

    /// Returns the number of changes that widen permissions.
    ///
    /// A new stack widens none, because there were no permissions before.
    pub fn widening(&self) -> usize {
        if self.creates_stack {
            return 0;
        }
        self.template.widening().count()
            + self.template.findings(Consequence::Opens).count()
            + self.contract.changes().iter().filter(|change| change.opens).count()
    }

    /// Returns the number of changes that break API clients.
    pub fn breaking(&self) -> usize {
        self.template.findings(Consequence::Closes).count()
            + self.contract.changes().iter().filter(|change| change.breaking).count()
    }

    /// Returns the names that are already taken.
    pub fn conflicts(&self) -> &[Conflict] {
        &self.existing.conflicts
    }

    /// Returns the resources that would lose some or all of their data.
    pub fn endangered(&self) -> BTreeSet<&str> {
        let lost = self.template.endangered().map(|change| change.name.as_str());
        let losing = self.template.findings(Consequence::LosesData).map(|finding| finding.resource.as_str());
        lost.chain(losing).collect()
    }
}

/// Returns the names of the parts that differ between two reviews as JSON, for people.
pub(crate) fn differing_parts(old: &Value, new: &Value) -> BTreeSet<String> {
    let names = old.as_object().into_iter().chain(new.as_object()).flat_map(serde_json::Map::keys);
    let part = |review: &Value, name: &str| review.get(name).cloned().unwrap_or_default();
    names
        .filter(|name| part(old, name) != part(new, name))
        // The JSON keeps an older name of this part.
        .map(|name| if name == "platform_facts" { "platform_parameters" } else { name })
        .map(|name| name.replace('_', " "))
        .collect()
}

/// Returns the OpenAPI document of the deployed release, or `None` if it is unknown.
pub(crate) async fn deployed_contract(
    environment: &Environment,
    bucket: &ArtifactBucket,
    deployed: Option<&Deployed>,
) -> Result<Option<Value>> {
    let Some(deployed) = deployed else { return Ok(None) };
    let hash = TemplateHash::new(&deployed.template)?;
    ReleaseStore::new(bucket, environment).contract(&hash).await
}
