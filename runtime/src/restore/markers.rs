//! Delete markers: checked to be such, then removed.
//!
//! Removing a version that is not a delete marker destroys data, and S3 removes whatever version it is told to, without
//! a word. So the versions of every key are looked at first, by listing: one call tells about up to 1,000 versions,
//! where a HEAD tells about one. Deleted files of one folder tend to lie next to each other; where they do not, each
//! page starts at the next key that is wanted, so that listing never takes more calls than a HEAD each would.

mod listing;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use aws_sdk_s3::types::{Delete, ObjectIdentifier};
use futures_util::stream::{self, StreamExt, TryStreamExt};

use self::listing::{Listed, list_versions};
use super::records::{DeleteRecord, back_off};
use super::{RefusedVersions, RestoreError, Unrestorable};
use crate::aws::Aws;

/// The most keys of one `DeleteObjects`: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html>.
const KEYS_A_CALL: usize = 1000;
const CALLS_IN_FLIGHT: usize = 8;
const ATTEMPTS: u32 = 6;

/// One version of an object.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Version {
    pub(super) bucket: String,
    pub(super) key: String,
    pub(super) id: String,
}

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
            let client = self.aws.s3_for_bucket(&bucket).await;
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
            let client = self.aws.s3_for_bucket(bucket).await;
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
        let mut again = Vec::new();
        for error in answer.errors() {
            let is_of = |version: &&&Version| {
                Some(version.key.as_str()) == error.key() && Some(version.id.as_str()) == error.version_id()
            };
            let Some(version) = open.iter().find(is_of) else { continue };
            match error.code().unwrap_or_default() {
                "NoSuchVersion" | "NoSuchKey" => {}
                "InternalError" | "SlowDown" | "ServiceUnavailable" | "RequestTimeout"
                | "OperationAborted" => {
                    again.push(*version);
                }
                code => {
                    tracing::error!(bucket, code, "S3 refused to remove a delete marker");
                    refused.insert((*version).clone());
                }
            }
        }
        if again.is_empty() {
            return Ok(refused);
        }
        open = again;
    }
    Err(RestoreError::Throttled("DeleteObjects"))
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeSet, HashMap};

    use super::listing::Listed;
    use super::{ObjectVerdict, Unrestorable, Verdicts, Version};

    fn verdict(listed: &[(&str, bool)]) -> ObjectVerdict {
        let listed = listed
            .iter()
            .map(|(id, is_marker)| Listed { id: (*id).to_owned(), is_marker: *is_marker })
            .collect();
        let keys = HashMap::from([("key".to_owned(), listed)]);
        let buckets = HashMap::from([("bucket".to_owned(), Some(keys)), ("denied".to_owned(), None)]);
        let version = Version { bucket: "bucket".to_owned(), key: "key".to_owned(), id: "marker".to_owned() };
        Verdicts { buckets, versions: BTreeSet::new() }.on(&version)
    }

    #[test]
    fn a_data_version_is_never_removed_and_nothing_is_restored_from_nothing() {
        assert_eq!(verdict(&[("marker", true), ("data", false)]), ObjectVerdict::RemoveMarker);
        assert_eq!(verdict(&[("data", false)]), ObjectVerdict::MarkerGone);
        let refused = |listed| match verdict(listed) {
            ObjectVerdict::Unrestorable(reason) => reason,
            other => panic!("{other:?}"),
        };
        assert_eq!(refused(&[("marker", false)]), Unrestorable::DataVersion);
        assert_eq!(refused(&[("marker", true)]), Unrestorable::NoObject);
        assert_eq!(refused(&[]), Unrestorable::NoObject);
    }
}
