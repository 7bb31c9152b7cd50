//! Removing delete markers, after a check that they are delete markers.
//!
//! Removing a version that is not a delete marker destroys data, and S3 removes any version. So the versions
//! of every key are listed first: one call returns up to 1,000 versions, while a HEAD returns one.
//!
//! A package becomes READY only if its object can be read: its own marker is gone, and no other marker hides
//! the data. Two packages can share an object, each with its own marker. The package whose marker is removed
//! first stays deleted, because the other marker hides the object; a new request restores it when that marker
//! is gone too. So the outcome does not depend on which delivery removed a marker.

mod listing;
mod removal;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use openapi::PackageId;

use self::listing::{Bucket, KeyVersions, WantedKey, list_versions};
pub(super) use self::listing::{RehearsedBucket, rehearsed_bucket};
use self::removal::remove;
use super::error::{RestoreError, Unrestorable};
use super::records::{DeleteRecord, Version};
use crate::platform::aws::Aws;

/// What to do with the object of a delete record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ObjectVerdict {
    /// Remove its marker.
    RemoveMarker,
    /// Nothing: its marker is gone, and it has data.
    MarkerGone,
    /// Nothing: it cannot be restored.
    Unrestorable(Unrestorable),
}

/// The verdicts on the objects of delete records.
pub(super) struct Verdicts {
    /// The listed versions by bucket and key, or `None` for a missing bucket.
    buckets: HashMap<String, Option<HashMap<String, KeyVersions>>>,
    versions: BTreeSet<Version>,
}

/// What is known of packages after the removal of their markers.
struct Judged<'a> {
    /// The packages whose objects cannot be read.
    unrestorable: HashMap<PackageId, Unrestorable>,
    /// The packages whose objects another marker may hide.
    doubtful: HashMap<PackageId, &'a DeleteRecord>,
}

impl Verdicts {
    /// Judges packages by their records, after the removal of all markers but some.
    fn judge<'a>(
        &self,
        records: &'a HashMap<PackageId, DeleteRecord>,
        not_removed: &BTreeSet<Version>,
    ) -> Judged<'a> {
        let mut unrestorable = HashMap::new();
        let mut doubtful = HashMap::new();
        let marked_objects: BTreeSet<_> =
            not_removed.iter().map(|version| (&version.bucket, &version.key)).collect();
        for (package, record) in records {
            let version = &record.version;
            if let ObjectVerdict::Unrestorable(reason) = self.for_record(record) {
                unrestorable.insert(*package, reason);
            } else if not_removed.contains(version) {
                unrestorable.insert(*package, Unrestorable::MarkerNotRemoved);
            } else if self.may_stay_hidden(version)
                || marked_objects.contains(&(&version.bucket, &version.key))
            {
                doubtful.insert(*package, record);
            }
        }
        Judged { unrestorable, doubtful }
    }

    /// Returns the verdict on the object of a record.
    pub(super) fn for_record(&self, record: &DeleteRecord) -> ObjectVerdict {
        self.for_version(&record.version)
    }

    fn for_version(&self, version: &Version) -> ObjectVerdict {
        let Some(Some(keys)) = self.buckets.get(&version.bucket) else {
            return ObjectVerdict::Unrestorable(Unrestorable::NoBucket);
        };
        let Some(listed) = keys.get(&version.key) else {
            return ObjectVerdict::Unrestorable(Unrestorable::NoObject);
        };
        match listed.is_marker.get(&version.id) {
            Some(false) => ObjectVerdict::Unrestorable(Unrestorable::DataVersion),
            _ if listed.newest_data.is_none() => ObjectVerdict::Unrestorable(Unrestorable::NoObject),
            Some(true) => ObjectVerdict::RemoveMarker,
            None => ObjectVerdict::MarkerGone,
        }
    }

    fn listed(&self, version: &Version) -> Option<&KeyVersions> {
        self.buckets.get(&version.bucket)?.as_ref()?.get(&version.key)
    }

    /// Returns whether another marker may hide the object.
    ///
    /// Times are whole seconds, so equal times do not show the order.
    fn may_stay_hidden(&self, version: &Version) -> bool {
        self.listed(version).is_some_and(|listed| {
            listed.newest_other_marker.is_some() && listed.newest_other_marker >= listed.newest_data
        })
    }

    fn is_hidden(&self, version: &Version) -> bool {
        self.listed(version).is_some_and(|listed| listed.is_hidden)
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

    /// Removes the delete markers of records.
    ///
    /// Returns the packages whose objects cannot be read afterwards.
    pub(super) async fn remove_markers(
        &self,
        records: &HashMap<PackageId, DeleteRecord>,
    ) -> Result<HashMap<PackageId, Unrestorable>, RestoreError> {
        let verdicts = self.list_verdicts(records.values()).await?;
        let not_removed = self.remove(&verdicts).await?;
        let Judged { mut unrestorable, doubtful } = verdicts.judge(records, &not_removed);
        if doubtful.is_empty() {
            return Ok(unrestorable);
        }
        let verdicts = self.list_verdicts(doubtful.values().copied()).await?;
        let hidden = doubtful.iter().filter(|(_, record)| verdicts.is_hidden(&record.version));
        unrestorable.extend(hidden.map(|(package, _)| (*package, Unrestorable::Hidden)));
        Ok(unrestorable)
    }

    /// Lists the versions of the objects of records.
    pub(super) async fn list_verdicts(
        &self,
        records: impl Iterator<Item = &DeleteRecord>,
    ) -> Result<Verdicts, RestoreError> {
        let versions: BTreeSet<Version> = records.map(|record| record.version.clone()).collect();
        let mut buckets = HashMap::new();
        for (name, keys) in wanted_keys(&versions) {
            let client = match self.aws.s3_for_bucket(name).await {
                Ok(client) => client,
                Err(unknown) if unknown.is_missing => {
                    buckets.insert(name.to_owned(), None);
                    continue;
                }
                Err(unknown) => return Err(unknown.into()),
            };
            let listed = list_versions(&Bucket { client: &client, name }, &keys).await?;
            buckets.insert(name.to_owned(), listed);
        }
        Ok(Verdicts { buckets, versions })
    }

    /// Removes the markers that have this verdict.
    ///
    /// Returns those that S3 rejected to remove.
    async fn remove(&self, verdicts: &Verdicts) -> Result<BTreeSet<Version>, RestoreError> {
        let mut not_removed = BTreeSet::new();
        for bucket in verdicts.buckets.keys() {
            let of_bucket = || verdicts.versions.iter().filter(|version| version.bucket == *bucket);
            let planned: Vec<&Version> = of_bucket()
                .filter(|version| verdicts.for_version(version) == ObjectVerdict::RemoveMarker)
                .collect();
            let is_one_gone =
                of_bucket().any(|version| verdicts.for_version(version) == ObjectVerdict::MarkerGone);
            if planned.is_empty() {
                continue;
            }
            let client = self.aws.s3_for_bucket(bucket).await?;
            let rejections = remove(&client, bucket, &planned).await?;
            // A marker that is gone may have been removed by an earlier delivery, so there is a permission.
            if !is_one_gone && rejections.deny_all(planned.len()) {
                return Err(RestoreError::Denied(bucket.clone()));
            }
            not_removed.extend(rejections.into_versions());
        }
        Ok(not_removed)
    }
}

/// Lists the versions of the objects of records, and returns how many of the objects can be restored.
///
/// This is what [`Markers`] computes, without S3.
pub(super) async fn rehearse(
    bucket: &RehearsedBucket,
    records: &HashMap<PackageId, DeleteRecord>,
) -> Result<usize, RestoreError> {
    let versions: BTreeSet<Version> = records.values().map(|record| record.version.clone()).collect();
    let mut buckets = HashMap::new();
    for (name, keys) in wanted_keys(&versions) {
        buckets.insert(name.to_owned(), list_versions(bucket, &keys).await?);
    }
    let verdicts = Verdicts { buckets, versions };
    let Judged { unrestorable, doubtful } = verdicts.judge(records, &BTreeSet::new());
    Ok(records.len() - unrestorable.len() - doubtful.len())
}

/// Returns the keys of versions by bucket, sorted.
fn wanted_keys(versions: &BTreeSet<Version>) -> BTreeMap<&str, Vec<WantedKey>> {
    let mut keys: BTreeMap<&str, BTreeMap<&str, BTreeSet<String>>> = BTreeMap::new();
    for Version { bucket, key, id } in versions {
        keys.entry(bucket).or_default().entry(key).or_default().insert(id.clone());
    }
    let wanted = |(key, ids): (&str, _)| WantedKey { key: key.to_owned(), ids };
    keys.into_iter().map(|(bucket, keys)| (bucket, keys.into_iter().map(wanted).collect())).collect()
}

#[cfg(test)]
mod tests;
