//! Delete markers: checked to be such, then removed.
//!
//! Removing a version that is not a delete marker destroys data, and S3 removes whatever version it is told to, without
//! a word. So the versions of every key are looked at first, by listing: one call tells about up to 1,000 versions,
//! where a HEAD tells about one.
//!
//! A package becomes READY only where its object can be read then: its own marker is gone, and no other marker hides the
//! data. Two packages can share one object, each with a marker of its own. The one whose marker is removed first stays
//! deleted, because the other marker still hides the object; once that is gone too, asking again restores it. So the
//! outcome does not depend on whether this delivery removed a marker or one before it.

mod listing;
mod removal;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use openapi::PackageId;

use self::listing::{Bucket, KeyVersions, WantedKey, list_versions};
use self::removal::remove;
use super::records::{DeleteRecord, Version};
use super::{RestoreError, Unrestorable};
use crate::platform::aws::Aws;

/// What is to be done about a delete record's object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ObjectVerdict {
    /// Its marker is to be removed.
    RemoveMarker,
    /// Its marker is gone and there is data.
    MarkerGone,
    /// It cannot be restored.
    Unrestorable(Unrestorable),
}

/// The verdicts on some records.
pub(super) struct Verdicts {
    /// By bucket, then by key; `None` for a bucket that does not exist.
    buckets: HashMap<String, Option<HashMap<String, KeyVersions>>>,
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

    /// Whether a marker that is not to be removed may hide the object. Times are whole seconds, so a tie does not tell.
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

    /// Removes the delete markers of these records, and returns the packages whose objects cannot be read then.
    pub(super) async fn uncover(
        &self,
        records: &HashMap<PackageId, DeleteRecord>,
    ) -> Result<HashMap<PackageId, Unrestorable>, RestoreError> {
        let verdicts = self.judge(records.values()).await?;
        let refused = self.remove(&verdicts).await?;
        let mut unrestorable = HashMap::new();
        let mut doubtful = HashMap::new();
        let refused_objects: BTreeSet<_> =
            refused.iter().map(|version| (&version.bucket, &version.key)).collect();
        for (package, record) in records {
            let version = &record.version;
            if let ObjectVerdict::Unrestorable(reason) = verdicts.of(record) {
                unrestorable.insert(*package, reason);
            } else if refused.contains(version) {
                unrestorable.insert(*package, Unrestorable::MarkerRefused);
            } else if verdicts.may_stay_hidden(version)
                || refused_objects.contains(&(&version.bucket, &version.key))
            {
                doubtful.insert(*package, record);
            }
        }
        if doubtful.is_empty() {
            return Ok(unrestorable);
        }
        let verdicts = self.judge(doubtful.values().copied()).await?;
        let hidden = doubtful.iter().filter(|(_, record)| verdicts.is_hidden(&record.version));
        unrestorable.extend(hidden.map(|(package, _)| (*package, Unrestorable::Hidden)));
        Ok(unrestorable)
    }

    /// Finds out what each record's version is.
    pub(super) async fn judge(
        &self,
        records: impl Iterator<Item = &DeleteRecord>,
    ) -> Result<Verdicts, RestoreError> {
        let versions: BTreeSet<Version> = records.map(|record| record.version.clone()).collect();
        let mut keys: BTreeMap<&str, BTreeMap<&str, BTreeSet<String>>> = BTreeMap::new();
        for Version { bucket, key, id } in &versions {
            keys.entry(bucket).or_default().entry(key).or_default().insert(id.clone());
        }
        let mut buckets = HashMap::new();
        for (name, keys) in keys {
            let client = match self.aws.s3_for_bucket(name).await {
                Ok(client) => client,
                Err(unknown) if unknown.is_missing => {
                    buckets.insert(name.to_owned(), None);
                    continue;
                }
                Err(unknown) => return Err(RestoreError::Aws(unknown.to_string())),
            };
            let keys: Vec<WantedKey> =
                keys.into_iter().map(|(key, ids)| WantedKey { key: key.to_owned(), ids }).collect();
            let listed = list_versions(&Bucket { client: &client, name }, &keys).await?;
            buckets.insert(name.to_owned(), listed);
        }
        Ok(Verdicts { buckets, versions })
    }

    /// Removes the markers that are to be removed, and returns those that S3 refuses to remove.
    async fn remove(&self, verdicts: &Verdicts) -> Result<BTreeSet<Version>, RestoreError> {
        let mut refused = BTreeSet::new();
        for bucket in verdicts.buckets.keys() {
            let of_bucket = || verdicts.versions.iter().filter(|version| version.bucket == *bucket);
            let planned: Vec<&Version> =
                of_bucket().filter(|version| verdicts.on(version) == ObjectVerdict::RemoveMarker).collect();
            let is_one_gone = of_bucket().any(|version| verdicts.on(version) == ObjectVerdict::MarkerGone);
            if planned.is_empty() {
                continue;
            }
            let client = self.aws.s3_for_bucket(bucket).await;
            let client = client.map_err(|unknown| RestoreError::Aws(unknown.to_string()))?;
            let refusals = remove(&client, bucket, &planned).await?;
            // An earlier delivery may have removed what this one finds gone.
            if !is_one_gone && refusals.deny_all(planned.len()) {
                return Err(RestoreError::Denied(bucket.clone()));
            }
            refused.extend(refusals.into_versions());
        }
        Ok(refused)
    }
}

#[cfg(test)]
mod tests;
