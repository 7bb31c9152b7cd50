//! Stores the functions' code in the artifact bucket.

use std::path::Path;

use anyhow::{Context, Result, bail};
use futures_util::future::try_join_all;
use stack::{ArtifactHash, ArtifactKey, Artifacts, Environment, FunctionName};

use crate::artifact_bucket::ArtifactBucket;
use crate::build::{BuiltFunction, OperatorProgram, TypescriptClient, sha256};
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
    step.done(upload_file(bucket, &stored.key, &program.path, &program.hash).await?);
    Ok(stored)
}

/// Uploads the TypeScript client, unless the bucket contains it, and returns its key.
pub async fn upload_typescript_client(
    bucket: &ArtifactBucket,
    environment: &Environment,
    client: &TypescriptClient,
    operator: &dyn Operator,
) -> Result<String> {
    let step = operator.begin("TypeScript client");
    let name = client.path.file_name().context("the TypeScript client has no name")?.to_string_lossy();
    let key = format!("{}/typescript-client/{}/{name}", environment.service, client.hash);
    step.done(upload_file(bucket, &key, &client.path, &client.hash).await?);
    Ok(key)
}

/// Uploads a file, unless the bucket contains it, and returns what it did.
async fn upload_file(
    bucket: &ArtifactBucket,
    key: &str,
    path: &Path,
    hash: &ArtifactHash,
) -> Result<&'static str> {
    if bucket.has(key).await? {
        return Ok("already uploaded");
    }
    let bytes = tokio::fs::read(path).await.with_context(|| format!("cannot read {}", path.display()))?;
    // Another build may have replaced the file meanwhile.
    if sha256(&bytes) != hash.to_string() {
        bail!("{} was changed after the build; run the command again", path.display());
    }
    bucket.upload(key, bytes).await?;
    Ok("uploaded")
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

#[cfg(test)]
mod tests {
    use super::upload_typescript_client;
    use crate::artifact_bucket::ArtifactBucket;
    use crate::artifact_bucket::testing::FakeBucket;
    use crate::build::{TypescriptClient, sha256};
    use crate::operator::testing::SilentOperator;

    #[tokio::test]
    async fn typescript_client_is_uploaded_once_for_each_content() {
        let (fake, directory) = (FakeBucket::start().await, tempfile::tempdir().unwrap());
        let environment = command_line::environment::load("dev").unwrap();
        let bucket = ArtifactBucket::new(&environment, &fake.connection);
        let path = directory.path().join("packages-service-client-0.1.0.tgz");
        let mut keys = Vec::new();
        for content in ["one", "one", "two"] {
            std::fs::write(&path, content).unwrap();
            let hash = sha256(content.as_bytes()).parse().unwrap();
            let client = TypescriptClient { path: path.clone(), hash };
            keys.push(
                upload_typescript_client(&bucket, &environment, &client, &SilentOperator).await.unwrap(),
            );
        }
        assert_eq!(fake.writes(), 2);
        assert_eq!(keys[0], keys[1]);
        assert_ne!(keys[0], keys[2]);
        assert!(keys[0].ends_with("/packages-service-client-0.1.0.tgz"), "{}", keys[0]);
    }

    #[tokio::test]
    async fn file_that_was_replaced_after_the_build_is_not_uploaded() {
        let (fake, directory) = (FakeBucket::start().await, tempfile::tempdir().unwrap());
        let environment = command_line::environment::load("dev").unwrap();
        let bucket = ArtifactBucket::new(&environment, &fake.connection);
        let path = directory.path().join("client.tgz");
        std::fs::write(&path, "other").unwrap();
        let client = TypescriptClient { path, hash: sha256(b"built").parse().unwrap() };
        let error =
            upload_typescript_client(&bucket, &environment, &client, &SilentOperator).await.unwrap_err();
        assert!(error.to_string().contains("was changed after the build"), "{error}");
        assert_eq!(fake.writes(), 0);
    }
}
