//! Code and templates in the artifact bucket.

use anyhow::{Context, Result, bail};
use aws_sdk_s3::Client;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{
    BucketLocationConstraint, CreateBucketConfiguration, PublicAccessBlockConfiguration,
};
use dialoguer::Confirm;
use stack::{ArtifactKey, Artifacts, Environment, FunctionName};

use crate::aws::Connection;
use crate::build::BuiltFunction;
use crate::consent::Consent;
use crate::terminal;

/// Upload the functions' zips that are not there yet.
pub(super) async fn upload(
    environment: &Environment,
    connection: &Connection,
    built: &[BuiltFunction],
    consent: Consent,
) -> Result<Artifacts> {
    let s3 = connection.s3();
    let bucket = environment.artifact_bucket.as_str();
    ensure_bucket(&s3, bucket, environment, consent).await?;
    let step = terminal::Step::begin("artifacts");
    let mut uploaded = 0;
    for function in built {
        let key = ArtifactKey::new(&environment.service, function.name, &function.hash);
        if is_there(&s3, bucket, key.as_str()).await? {
            continue;
        }
        let body = ByteStream::from_path(&function.zip).await;
        let body = body.with_context(|| format!("cannot read {}", function.zip.display()))?;
        let put = s3.put_object().bucket(bucket).key(key.as_str()).body(body).send().await;
        put.with_context(|| format!("cannot upload to s3://{bucket}/{}", key.as_str()))?;
        uploaded += 1;
    }
    step.done(match uploaded {
        0 => "all there already".to_owned(),
        count => format!("{count} of {} uploaded", built.len()),
    });
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

async fn is_there(s3: &Client, bucket: &str, key: &str) -> Result<bool> {
    match s3.head_object().bucket(bucket).key(key).send().await {
        Ok(_) => Ok(true),
        Err(error)
            if error
                .as_service_error()
                .is_some_and(aws_sdk_s3::operation::head_object::HeadObjectError::is_not_found) =>
        {
            Ok(false)
        }
        Err(error) => Err(error).with_context(|| format!("cannot look for s3://{bucket}/{key}")),
    }
}

/// The artifact bucket is not part of the stack, which is deployed from it; it is made on the first deploy.
async fn ensure_bucket(s3: &Client, bucket: &str, environment: &Environment, consent: Consent) -> Result<()> {
    match s3.head_bucket().bucket(bucket).send().await {
        Ok(_) => return Ok(()),
        Err(error)
            if error
                .as_service_error()
                .is_some_and(aws_sdk_s3::operation::head_bucket::HeadBucketError::is_not_found) => {}
        Err(error) => {
            return Err(error).with_context(|| format!("cannot use the artifact bucket {bucket}"));
        }
    }
    if consent == Consent::Ask {
        if !terminal::can_ask() {
            bail!("the artifact bucket {bucket} does not exist; create it, or pass --yes to have it created");
        }
        let question = format!("The artifact bucket {bucket} does not exist. Create it?");
        if !Confirm::new().with_prompt(question).default(true).interact().context("no answer")? {
            bail!("there is no artifact bucket to deploy from");
        }
    }
    let mut create = s3.create_bucket().bucket(bucket);
    // The one region that must not be named: https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucket.html
    if environment.region.as_str() != "us-east-1" {
        let location = BucketLocationConstraint::from(environment.region.as_str());
        create = create.create_bucket_configuration(
            CreateBucketConfiguration::builder().location_constraint(location).build(),
        );
    }
    create.send().await.with_context(|| format!("cannot create the artifact bucket {bucket}"))?;
    let private = PublicAccessBlockConfiguration::builder()
        .block_public_acls(true)
        .block_public_policy(true)
        .ignore_public_acls(true)
        .restrict_public_buckets(true)
        .build();
    let block = s3.put_public_access_block().bucket(bucket).public_access_block_configuration(private);
    block.send().await.with_context(|| format!("cannot make the artifact bucket {bucket} private"))?;
    Ok(())
}
