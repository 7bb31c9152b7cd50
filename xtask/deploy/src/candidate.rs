//! What can be deployed: the current source, or a release.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Result, bail};
use serde_json::{Map, Value};
use stack::{ArtifactHash, ArtifactKey, DeployedTemplate, Environment, FunctionName, Inputs, SigningKeys};

use crate::artifact_bucket::ArtifactBucket;
use crate::artifacts;
use crate::build::BuiltFunction;
use crate::deployed_stack::Deployed;
use crate::release::{Release, ReleaseStore, SourceRevision};
use crate::review::deployed_contract;

/// A template and code that can be deployed, with the current signing keys.
pub struct Candidate {
    /// The template.
    pub template: DeployedTemplate,
    /// The OpenAPI document of its API, or `None` if that of a release is missing.
    pub contract: Option<Value>,
    /// The SHA-256 of each function's zip file.
    pub functions: BTreeMap<FunctionName, ArtifactHash>,
    /// The revision of the source that it was built from.
    pub source: SourceRevision,
}

impl Candidate {
    /// Creates a candidate from the current source and the functions that were built from it.
    pub fn from_source(
        environment: &Environment,
        signing_keys: &SigningKeys,
        built: &[BuiltFunction],
        source: SourceRevision,
    ) -> Result<Self> {
        let artifacts = artifacts::from_built(environment, built)?;
        let template = stack::render(&Inputs { environment, signing_keys, artifacts: &artifacts })?;
        let deployed = built.iter().filter(|function| environment.functions().contains(&function.name));
        Ok(Self {
            template: template.to_value().into(),
            contract: Some(openapi::openapi_document()),
            functions: deployed.map(|function| (function.name, function.hash.clone())).collect(),
            source,
        })
    }

    /// Creates a candidate from the deployed template, with the code of functions that were built.
    ///
    /// Nothing else changes, whatever the source of the template says.
    pub async fn from_code(
        environment: &Environment,
        bucket: &ArtifactBucket,
        deployed: &Deployed,
        built: &[BuiltFunction],
        source: SourceRevision,
    ) -> Result<Self> {
        let mut template = deployed.template.as_value().clone();
        let new = built.iter().map(|function| {
            (function.name, ArtifactKey::new(&environment.service, function.name, &function.hash))
        });
        let replaced = replace_code(&mut template, &new.collect());
        let deployed_functions = built.iter().filter(|function| replaced.contains(&function.name));
        let functions = deployed_functions.map(|function| (function.name, function.hash.clone())).collect();
        let contract = deployed_contract(environment, bucket, Some(deployed)).await?;
        Ok(Self { template: template.into(), contract, functions, source })
    }

    /// Creates a candidate from a release, with the current keys.
    ///
    /// A rollback must not restore a key that was retired.
    pub async fn from_release(
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
            source: release.source.clone(),
        })
    }
}

/// Replaces the code of the functions in a template, and returns which of them it has.
fn replace_code(template: &mut Value, new: &BTreeMap<FunctionName, ArtifactKey>) -> BTreeSet<FunctionName> {
    let mut replaced = BTreeSet::new();
    for resource in template["Resources"].as_object_mut().into_iter().flat_map(Map::values_mut) {
        let is_function = resource["Type"] == "AWS::Lambda::Function";
        let key = resource.pointer_mut("/Properties/Code/S3Key").filter(|_| is_function);
        let Some(key) = key else { continue };
        let is_of_same_function =
            |new: &ArtifactKey| key.as_str().is_some_and(|old| directory(old) == directory(new.as_str()));
        if let Some((name, new)) = new.iter().find(|(_, new)| is_of_same_function(new)) {
            *key = new.as_str().into();
            replaced.insert(*name);
        }
    }
    replaced
}

/// Returns the part of the key of a function's code that is the same for all its builds.
fn directory(key: &str) -> Option<&str> {
    key.rsplit_once('/').map(|(directory, _)| directory)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::{Value, json};
    use stack::{ArtifactKey, FunctionName};

    use super::replace_code;

    fn function(key: &str) -> Value {
        json!({ "Type": "AWS::Lambda::Function", "Properties": { "Code": { "S3Key": key }, "Timeout": 7 } })
    }

    #[test]
    fn only_the_code_of_deployed_functions_is_replaced() {
        let service = command_line::environment::load("dev").unwrap().service;
        let new = FunctionName::ALL
            .map(|name| (name, ArtifactKey::new(&service, name, &"b".repeat(64).parse().unwrap())));
        let new = BTreeMap::from(new);
        let template = |api: &str, restore: &str| {
            json!({ "Description": "kept", "Resources": {
                "Api": function(api),
                "Restore": function(restore),
                "Other": function("another-service/api/a.zip"),
                "Queue": { "Type": "AWS::SQS::Queue" },
            } })
        };
        let old = |name: &str| format!("{service}/{name}/a.zip");
        let mut replaced = template(&old("api"), &old("restore"));
        let names = replace_code(&mut replaced, &new);
        assert_eq!(names.into_iter().collect::<Vec<_>>(), [FunctionName::Api, FunctionName::Restore]);
        let key = |name| new[&name].as_str();
        assert_eq!(replaced, template(key(FunctionName::Api), key(FunctionName::Restore)));
    }
}
