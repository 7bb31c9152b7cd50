//! Delete markers: checked to be such, then removed.
//!
//! Removing a version that is not a delete marker destroys data, and S3 removes whatever version it is told to, without
//! a word. So the versions of every key are looked at first, by listing: one call tells about up to 1,000 versions,
//! where a HEAD tells about one. Deleted files of one folder tend to lie next to each other; where they do not, each
//! page starts at the next key that is wanted, so that listing never takes more calls than a HEAD each would.
//!
//! A package becomes READY once its own marker is gone and there is data, also where another marker still hides the data,
//! which is logged. Two packages can share one object, each with a marker of its own: would each wait for the other's
//! marker to go, then neither could be restored by itself, nor both by two messages. This way the last of the markers
//! that is removed shows the object to both, in whatever order, and however often a message is delivered.

mod listing;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use aws_sdk_s3::types::{Delete, Error, ObjectIdentifier};
use futures_util::stream::{self, StreamExt, TryStreamExt};

use self::listing::{Listed, list_versions};
use super::records::{DeleteRecord, Version};
use super::retry::back_off;
use super::{RefusedVersions, RestoreError, Unrestorable};
use crate::aws::Aws;

/// The most keys of one `DeleteObjects`: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html>.
const KEYS_A_CALL: usize = 1000;
const CALLS_IN_FLIGHT: usize = 8;
const ATTEMPTS: u32 = 6;

/// What is to be done about a delete record's object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ObjectVerdict {
    /// Its marker is to be removed.
    RemoveMarker,
    /// Its marker is gone and the object there: nothing to do.
    MarkerGone,
    /// It cannot be restored.
    Unrestorable(Unrestorable),
}

/// The verdicts on some records.
pub(super) struct Verdicts {
    buckets: HashMap<String, Option<HashMap<String, Vec<Listed>>>>,
    versions: BTreeSet<Version>,
}

impl Verdicts {
    /// The verdict on one of the records that were judged.
    pub(super) fn of(&self, record: &DeleteRecord) -> ObjectVerdict {
        self.on(&record.version)
    }

    /// Whether the object of a record stays hidden when all markers of this message are gone: behind the marker of another
    /// package of the same object, or of a later deletion. Times are whole seconds; a tie counts as hidden.
    pub(super) fn stays_hidden(&self, record: &DeleteRecord) -> bool {
        let version = &record.version;
        let keys = self.buckets.get(&version.bucket).and_then(Option::as_ref);
        let listed = keys.and_then(|keys| keys.get(&version.key)).map(Vec::as_slice).unwrap_or_default();
        let newest_data =
            listed.iter().filter(|listed| !listed.is_marker).map(|listed| listed.modified).max();
        let is_planned =
            |listed: &Listed| self.versions.contains(&Version { id: listed.id.clone(), ..version.clone() });
        listed
            .iter()
            .any(|listed| listed.is_marker && !is_planned(listed) && Some(listed.modified) >= newest_data)
    }

    fn on(&self, version: &Version) -> ObjectVerdict {
        let Some(Some(keys)) = self.buckets.get(&version.bucket) else {
            return ObjectVerdict::Unrestorable(Unrestorable::NoBucket);
        };
        let listed = keys.get(&version.key).map(Vec::as_slice).unwrap_or_default();
        let has_data = listed.iter().any(|listed| !listed.is_marker);
        match listed.iter().find(|listed| listed.id == version.id) {
            Some(found) if !found.is_marker => ObjectVerdict::Unrestorable(Unrestorable::DataVersion),
            _ if !has_data => ObjectVerdict::Unrestorable(Unrestorable::NoObject),
            Some(_) => ObjectVerdict::RemoveMarker,
            None => ObjectVerdict::MarkerGone,
        }
    }
}

/// The delete markers in S3.
pub(super) struct Markers<'a> {
    aws: &'a Aws,
}

impl<'a> Markers<'a> {
    pub(super) fn new(aws: &'a Aws) -> Self {
        Self { aws }
    }

    /// Find out what each record's version is.
    pub(super) async fn judge(
        &self,
        records: impl Iterator<Item = &DeleteRecord>,
    ) -> Result<Verdicts, RestoreError> {
        let versions: BTreeSet<Version> = records.map(|record| record.version.clone()).collect();
        let mut keys: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for version in &versions {
            keys.entry(version.bucket.clone()).or_default().insert(version.key.clone());
        }
        let mut buckets = HashMap::new();
        for (bucket, keys) in keys {
            let client = match self.aws.s3_for_bucket(&bucket).await {
                Ok(client) => client,
                Err(unknown) if unknown.is_missing => {
                    buckets.insert(bucket, None);
                    continue;
                }
                Err(unknown) => return Err(RestoreError::Aws(unknown.to_string())),
            };
            let keys: Vec<String> = keys.into_iter().collect();
            let listed = list_versions(&client, &bucket, &keys).await?;
            buckets.insert(bucket, listed);
        }
        Ok(Verdicts { buckets, versions })
    }

    /// Remove the markers that are to be removed, and return those that S3 refused to.
    pub(super) async fn remove(&self, verdicts: &Verdicts) -> Result<RefusedVersions, RestoreError> {
        let mut by_bucket: BTreeMap<&str, Vec<&Version>> = BTreeMap::new();
        for version in &verdicts.versions {
            if verdicts.on(version) == ObjectVerdict::RemoveMarker {
                by_bucket.entry(&version.bucket).or_default().push(version);
            }
        }
        let mut refused = HashSet::new();
        for (bucket, versions) in by_bucket {
            let client = self
                .aws
                .s3_for_bucket(bucket)
                .await
                .map_err(|unknown| RestoreError::Aws(unknown.to_string()))?;
            let calls = versions.chunks(KEYS_A_CALL).map(|chunk| remove_chunk(&client, bucket, chunk));
            let outcomes: Vec<RefusedVersions> =
                stream::iter(calls).buffer_unordered(CALLS_IN_FLIGHT).try_collect().await?;
            refused.extend(outcomes.into_iter().flatten());
        }
        Ok(refused)
    }
}

/// `DeleteObjects` answers 200 with errors per key; those that will pass are tried again.
async fn remove_chunk(
    client: &aws_sdk_s3::Client,
    bucket: &str,
    versions: &[&Version],
) -> Result<RefusedVersions, RestoreError> {
    let incomplete = |error| RestoreError::incomplete(&error);
    let mut open: Vec<&Version> = versions.to_vec();
    let mut refused = HashSet::new();
    for attempt in 0..ATTEMPTS {
        back_off(attempt).await;
        let mut delete = Delete::builder().quiet(true);
        for version in &open {
            let object = ObjectIdentifier::builder().key(&version.key).version_id(&version.id).build();
            delete = delete.objects(object.map_err(incomplete)?);
        }
        let delete = delete.build().map_err(incomplete)?;
        let answer = client.delete_objects().bucket(bucket).delete(delete).send().await;
        let answer = answer.map_err(|error| RestoreError::aws("DeleteObjects", &error))?;
        let failures = failures_of(&open, answer.errors())?;
        for version in &failures.refused {
            tracing::error!(bucket, "S3 refused to remove a delete marker");
            refused.insert((*version).clone());
        }
        let again = failures.again;
        if again.is_empty() {
            return Ok(refused);
        }
        open = again;
    }
    Err(RestoreError::Throttled("DeleteObjects"))
}

/// Versions that were not removed.
#[derive(Debug, PartialEq, Eq)]
struct Failures<'a> {
    /// Those that S3 will not remove.
    refused: Vec<&'a Version>,
    /// Those that are worth another attempt.
    again: Vec<&'a Version>,
}

/// What became of the versions of a call that S3 names as errors.
///
/// A marker that is taken for removed and is not loses its package: it becomes READY without its object, and the record
/// that names the marker is deleted. So an error without a version stands for all versions of its key, one that fits
/// nothing fails the message, and a code that is not known for a refusal is tried again.
fn failures_of<'a>(open: &[&'a Version], errors: &[Error]) -> Result<Failures<'a>, RestoreError> {
    let mut failures = Failures { refused: Vec::new(), again: Vec::new() };
    for error in errors {
        let code = error.code().unwrap_or_default();
        let version_id = error.version_id().filter(|id| !id.is_empty());
        let is_of = |version: &&Version| {
            Some(version.key.as_str()) == error.key() && version_id.is_none_or(|id| id == version.id)
        };
        let matching: Vec<&Version> = open.iter().copied().filter(is_of).collect();
        if matching.is_empty() {
            return Err(RestoreError::Aws(format!("DeleteObjects: {code} for a key that was not asked for")));
        }
        match code {
            "NoSuchVersion" | "NoSuchKey" => {}
            "AccessDenied" | "NoSuchBucket" | "InvalidRequest" | "InvalidArgument" | "MethodNotAllowed" => {
                failures.refused.extend(matching);
            }
            _ => failures.again.extend(matching),
        }
    }
    Ok(failures)
}

#[cfg(test)]
mod tests;
