//! Stores the functions' code in the artifact bucket.

use anyhow::{Context, Result, bail};
use futures_util::future::try_join_all;
use stack::{ArtifactHash, ArtifactKey, Artifacts, Environment, FunctionName};

use crate::artifact_bucket::ArtifactBucket;
use crate::build::{BuiltFunction, OperatorProgram, sha256};
use crate::operator::Operator;
use crate::release::StoredProgram;

/// Uploads the zip files that the bucket does not contain yet, concurrently.
pub async fn upload(
    bucket: &ArtifactBucket,
    environment: &Environment,
    built: &[BuiltFunction],
    operator: &dyn Operator,
) -> Result<()> {
    let step = operator.begin("artifacts");
    let deployed = built.iter().filter(|function| environment.functions().contains(&function.name));
    let uploads = deployed.map(async |function| {
        let key = ArtifactKey::new(&environment.service, function.name, &function.hash);
        if bucket.has(key.as_str()).await? {
            return Ok(false);
        }
        let zip = tokio::fs::read(&function.zip).await;
        let zip = zip.with_context(|| format!("cannot read {}", function.zip.display()))?;
        // Another build may have replaced the file meanwhile.
        if sha256(&zip) != function.hash.to_string() {
            bail!(
                "{} was changed after the build; nothing was deployed; run the command again",
                function.zip.display()
            );
        }
        bucket.upload(key.as_str(), zip).await.map(|()| true)
    });
    let uploads = try_join_all(uploads).await?;
    let summary = match uploads.iter().filter(|uploaded| **uploaded).count() {
        0 => "already uploaded".to_owned(),
        count => format!("{count} of {} uploaded", uploads.len()),
    };
    step.done(&summary);
    Ok(())
}

/// Uploads the program for operators, unless the bucket contains it.
pub async fn upload_operator_program(
    bucket: &ArtifactBucket,
    environment: &Environment,
    program: &OperatorProgram,
    operator: &dyn Operator,
) -> Result<StoredProgram> {
    let step = operator.begin("operator program");
    let stored = StoredProgram {
        key: format!("{}/operator/{}/packages", environment.service, program.hash),
        platform: program.platform.to_owned(),
        sha256: program.hash.clone(),
    };
    if bucket.has(&stored.key).await? {
        step.done("already uploaded");
        return Ok(stored);
    }
    let bytes = tokio::fs::read(&program.path).await;
    let bytes = bytes.with_context(|| format!("cannot read {}", program.path.display()))?;
    if sha256(&bytes) != program.hash.to_string() {
        bail!("{} was changed after the build; run the command again", program.path.display());
    }
    bucket.upload(&stored.key, bytes).await?;
    step.done("uploaded");
    Ok(stored)
}

/// Returns where the code of built functions will be stored.
pub fn from_built(environment: &Environment, built: &[BuiltFunction]) -> Result<Artifacts> {
    let key_of = |name: FunctionName| {
        let function = built.iter().find(|function| function.name == name);
        let function = function.with_context(|| format!("the function {name} was not built"))?;
        Ok::<_, anyhow::Error>(ArtifactKey::new(&environment.service, name, &function.hash))
    };
    Ok(Artifacts {
        bucket: environment.artifact_bucket.clone(),
        api: key_of(FunctionName::Api)?,
        restore: key_of(FunctionName::Restore)?,
        authorizer: key_of(FunctionName::Authorizer)?,
    })
}

/// Returns which code of a release is no longer in the artifact bucket.
pub async fn missing<'a>(
    bucket: &ArtifactBucket,
    environment: &Environment,
    functions: impl Iterator<Item = (&'a FunctionName, &'a ArtifactHash)>,
) -> Result<Vec<ArtifactKey>> {
    let lookups = functions.map(async |(name, hash)| {
        let key = ArtifactKey::new(&environment.service, *name, hash);
        let exists = bucket.has(key.as_str()).await?;
        Ok::<_, anyhow::Error>((!exists).then_some(key))
    });
    Ok(try_join_all(lookups).await?.into_iter().flatten().collect())
}
