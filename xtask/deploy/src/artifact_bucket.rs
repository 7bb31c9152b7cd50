//! The artifact bucket.
//!
//! It stores code, templates, contracts, releases, and the lock under the service's name. It is not part of the
//! stack, because the stack is deployed from it.

use std::time::Duration;

use anyhow::{Context, Result};
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_sdk_s3::Client;
use aws_sdk_s3::error::ProvideErrorMetadata;
use aws_sdk_s3::operation::get_object::GetObjectError;
use aws_sdk_s3::operation::head_bucket::HeadBucketError;
use aws_sdk_s3::operation::head_object::HeadObjectError;
use aws_sdk_s3::types::{
    BucketLocationConstraint, CreateBucketConfiguration, PublicAccessBlockConfiguration,
};
use chrono::{DateTime, Utc};
use stack::{BucketName, Environment, Region};

use crate::clock::Clock;
use crate::connection::Connection;
use crate::consent::{Consent, require_confirmation};
use crate::operator::Operator;

/// The time limit for uploading a zip file of several megabytes on a slow connection.
const UPLOAD_LIMIT: Duration = Duration::from_mins(15);
/// The time limit of a request that the caller retries itself.
const SINGLE_ATTEMPT_LIMIT: Duration = Duration::from_secs(10);

/// The artifact bucket of an environment.
#[derive(Clone)]
pub struct ArtifactBucket {
    client: Client,
    clock: Clock,
    name: BucketName,
    region: Region,
}

/// An object as it was read.
pub struct StoredObject {
    /// Its content.
    pub bytes: Vec<u8>,
    /// Its revision.
    pub revision: Revision,
    /// When it was written, according to the clock of AWS.
    pub written_at: Option<DateTime<Utc>>,
}

/// One revision of an object, identified by its ETag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revision(String);

/// The condition for a write: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html>.
pub enum Condition<'a> {
    /// The object does not exist.
    Absent,
    /// The object has not been written since this revision was read.
    Unchanged(&'a Revision),
}

impl ArtifactBucket {
    /// Returns the artifact bucket of an environment without sending a request.
    pub fn new(environment: &Environment, connection: &Connection) -> Self {
        let clock = Clock::default();
        Self {
            client: connection.s3_with(clock.clone()),
            clock,
            name: environment.artifact_bucket.clone(),
            region: environment.region.clone(),
        }
    }

    /// Returns a handle that sends each request once, with a limit of ten seconds.
    ///
    /// The caller retries.
    #[must_use]
    pub fn without_retries(&self) -> Self {
        let limits = TimeoutConfig::builder().operation_timeout(SINGLE_ATTEMPT_LIMIT).build();
        let settings = self.client.config().to_builder();
        let settings = settings.retry_config(RetryConfig::disabled()).timeout_config(limits);
        Self { client: Client::from_conf(settings.build()), ..self.clone() }
    }

    /// Returns the name of the bucket.
    pub fn name(&self) -> &str {
        self.name.as_str()
    }

    /// Returns the time of the last response.
    pub fn now(&self) -> Result<DateTime<Utc>> {
        self.clock.now()
    }

    /// Returns whether the bucket exists.
    pub async fn exists(&self) -> Result<bool> {
        match self.client.head_bucket().bucket(self.name()).send().await {
            Ok(_) => Ok(true),
            Err(error) if error.as_service_error().is_some_and(HeadBucketError::is_not_found) => Ok(false),
            Err(error) => Err(error).with_context(|| format!("cannot use the artifact bucket {}", self.name)),
        }
    }

    /// Creates the bucket after confirmation if it does not exist.
    pub async fn ensure(&self, consent: Consent, operator: &dyn Operator) -> Result<()> {
        if self.exists().await? {
            return Ok(());
        }
        let question = format!("The artifact bucket {} does not exist. Create it?", self.name);
        require_confirmation(consent, &question, operator).await?;
        self.create().await
    }

    async fn create(&self) -> Result<()> {
        let mut create = self.client.create_bucket().bucket(self.name());
        // This is the only region that must be omitted:
        // https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucket.html
        if self.region.as_str() != "us-east-1" {
            let location = BucketLocationConstraint::from(self.region.as_str());
            create = create.create_bucket_configuration(
                CreateBucketConfiguration::builder().location_constraint(location).build(),
            );
        }
        create.send().await.with_context(|| format!("cannot create the artifact bucket {}", self.name))?;
        let private = PublicAccessBlockConfiguration::builder()
            .block_public_acls(true)
            .block_public_policy(true)
            .ignore_public_acls(true)
            .restrict_public_buckets(true)
            .build();
        let request = self.client.put_public_access_block().bucket(self.name());
        let blocked = request.public_access_block_configuration(private).send().await;
        blocked.with_context(|| format!("cannot make the artifact bucket {} private", self.name))?;
        Ok(())
    }

    /// Returns whether an object exists.
    pub async fn has(&self, key: &str) -> Result<bool> {
        match self.client.head_object().bucket(self.name()).key(key).send().await {
            Ok(_) => Ok(true),
            Err(error) if error.as_service_error().is_some_and(HeadObjectError::is_not_found) => Ok(false),
            Err(error) => Err(error).with_context(|| format!("cannot look for {}", self.s3_uri(key))),
        }
    }

    /// Reads an object. Returns `None` if the object or the bucket does not exist.
    pub async fn read(&self, key: &str) -> Result<Option<StoredObject>> {
        // The SDK's future is large and is awaited in many places, so it is boxed.
        let request = Box::pin(self.client.get_object().bucket(self.name()).key(key).send());
        let response = match request.await {
            Ok(response) => response,
            Err(error)
                if error.as_service_error().is_some_and(|error| {
                    matches!(error, GetObjectError::NoSuchKey(_)) || error.code() == Some("NoSuchBucket")
                }) =>
            {
                return Ok(None);
            }
            Err(error) => return Err(error).with_context(|| format!("cannot read {}", self.s3_uri(key))),
        };
        let revision = Revision(response.e_tag.unwrap_or_default());
        let written_at = response
            .last_modified
            .and_then(|time| DateTime::from_timestamp(time.secs(), time.subsec_nanos()));
        let bytes =
            response.body.collect().await.with_context(|| format!("cannot read {}", self.s3_uri(key)))?;
        Ok(Some(StoredObject { bytes: bytes.to_vec(), revision, written_at }))
    }

    /// Writes an object if the condition holds. Returns `None` if it does not.
    pub async fn write(
        &self,
        key: &str,
        bytes: Vec<u8>,
        condition: Condition<'_>,
    ) -> Result<Option<Revision>> {
        let request = self.client.put_object().bucket(self.name()).key(key).body(bytes.into());
        let request = request.content_type("application/json");
        let request = match condition {
            Condition::Absent => request.if_none_match("*"),
            Condition::Unchanged(Revision(tag)) => request.if_match(tag),
        };
        match Box::pin(request.send()).await {
            Ok(response) => Ok(Some(Revision(response.e_tag.unwrap_or_default()))),
            // 409 means that another write is in progress, and 404 that an object expected to be unchanged was
            // deleted.
            Err(error)
                if error.as_service_error().and_then(ProvideErrorMetadata::code).is_some_and(|code| {
                    ["PreconditionFailed", "ConditionalRequestConflict", "NoSuchKey"].contains(&code)
                }) =>
            {
                Ok(None)
            }
            Err(error) => Err(error).with_context(|| format!("cannot write {}", self.s3_uri(key))),
        }
    }

    /// Uploads an object of several megabytes.
    pub async fn upload(&self, key: &str, bytes: Vec<u8>) -> Result<()> {
        let limits = TimeoutConfig::builder().operation_attempt_timeout(UPLOAD_LIMIT).build();
        let settings = aws_sdk_s3::config::Config::builder().timeout_config(limits);
        let request = self.client.put_object().bucket(self.name()).key(key).body(bytes.into());
        let put = request.customize().config_override(settings).send().await;
        put.with_context(|| format!("cannot upload to {}; run the command again", self.s3_uri(key)))?;
        Ok(())
    }

    /// Deletes an object if it has not been written since this revision was read.
    pub async fn delete(&self, key: &str, Revision(tag): &Revision) -> Result<()> {
        let request = self.client.delete_object().bucket(self.name()).key(key).if_match(tag);
        request.send().await.with_context(|| format!("cannot delete {}", self.s3_uri(key)))?;
        Ok(())
    }

    /// Returns the keys with a prefix in order, or none if the bucket does not exist.
    pub async fn keys_below(&self, prefix: &str) -> Result<Vec<String>> {
        let mut keys = Vec::new();
        let request = self.client.list_objects_v2().bucket(self.name()).prefix(prefix);
        let mut pages = request.into_paginator().send();
        while let Some(page) = pages.next().await {
            let page = match page {
                Err(error)
                    if error.as_service_error().and_then(ProvideErrorMetadata::code)
                        == Some("NoSuchBucket") =>
                {
                    break;
                }
                page => page.with_context(|| format!("cannot list {}", self.s3_uri(prefix)))?,
            };
            keys.extend(page.contents.unwrap_or_default().into_iter().filter_map(|object| object.key));
        }
        Ok(keys)
    }

    fn s3_uri(&self, key: &str) -> String {
        format!("s3://{}/{key}", self.name)
    }
}

#[cfg(test)]
pub(crate) mod testing;

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use aws_config::timeout::TimeoutConfig;

    use super::ArtifactBucket;
    use super::testing::FakeBucket;

    #[tokio::test]
    async fn call_without_retries_is_made_once_and_ends_within_ten_seconds() {
        let fake = FakeBucket::start().await;
        let environment = command_line::environment::load("dev").unwrap();
        let bucket = ArtifactBucket::new(&environment, &fake.connection).without_retries();
        let configuration = bucket.client.config();
        assert_eq!(configuration.retry_config().map(aws_config::retry::RetryConfig::max_attempts), Some(1));
        let limit = configuration.timeout_config().and_then(TimeoutConfig::operation_timeout);
        assert_eq!(limit, Some(Duration::from_secs(10)));
    }
}
