//! Listing the versions of keys in few calls.
//!
//! The keys of a folder are often next to each other, and a large page contains hundreds of them. If they are
//! far apart, each page begins at the next key and is small, because S3 needs longer for a large page, of
//! which only the first entries matter.

mod page;
mod rehearsed;

use std::collections::{BTreeSet, HashMap};

use futures_util::stream::{self, StreamExt, TryStreamExt};

pub(super) use self::page::Bucket;
use self::page::{Entry, Page, PageRequest, VersionList};
pub(in crate::restore) use self::rehearsed::RehearsedBucket;
use crate::restore::error::RestoreError;
use crate::restore::records::Version;

const CALLS_IN_FLIGHT: usize = 32;
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html>
const MAXIMUM_KEY_BYTES: usize = 1024;
/// The number of keys in each of the parallel listings.
///
/// With a data version and a marker each, they do not fill a page of 1,000 versions. After a full page,
/// another one would be needed to see whether there are more versions.
const KEYS_PER_LISTING: usize = 490;
/// The maximum number of versions of a page.
///
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectVersions.html>.
const MAXIMUM_PAGE: i32 = 1000;
/// The number of versions of a page that begins after skipped keys.
const PAGE_AFTER_SKIP: i32 = 64;
/// The growth of pages that contain more than one wanted key.
const PAGE_GROWTH: i32 = 4;

/// A key with the ids of its wanted versions.
pub(super) struct WantedKey {
    pub(super) key: String,
    pub(super) ids: BTreeSet<String>,
}

/// The listed versions of a key.
///
/// A key can have any number of versions, so only the wanted ones are kept. Times are Unix seconds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct KeyVersions {
    /// Whether each wanted version is a delete marker.
    pub(super) is_marker: HashMap<String, bool>,
    pub(super) newest_data: Option<i64>,
    /// The time of the newest delete marker that is not wanted.
    pub(super) newest_other_marker: Option<i64>,
    /// Whether the current version of the key is a delete marker.
    pub(super) is_hidden: bool,
}

impl KeyVersions {
    fn add(&mut self, entry: Entry, wanted: &BTreeSet<String>) {
        let is_wanted = wanted.contains(&entry.id);
        if !entry.is_marker {
            self.newest_data = self.newest_data.max(Some(entry.modified));
        } else if !is_wanted {
            self.newest_other_marker = self.newest_other_marker.max(Some(entry.modified));
        }
        self.is_hidden |= entry.is_latest && entry.is_marker;
        if is_wanted {
            self.is_marker.insert(entry.id, entry.is_marker);
        }
    }
}

/// Returns the versions of the wanted keys, which are sorted.
///
/// Returns `None` if the bucket does not exist.
pub(super) async fn list_versions(
    bucket: &impl VersionList,
    keys: &[WantedKey],
) -> Result<Option<HashMap<String, KeyVersions>>, RestoreError> {
    let listings = keys.chunks(KEYS_PER_LISTING).map(|keys| list_range(bucket, keys));
    let listings: Vec<Option<HashMap<String, KeyVersions>>> =
        stream::iter(listings).buffer_unordered(CALLS_IN_FLIGHT).try_collect().await?;
    Ok(listings.into_iter().collect::<Option<Vec<_>>>().map(|maps| maps.into_iter().flatten().collect()))
}

/// Returns a bucket with these delete markers, sorted by key, each on a data version.
pub(in crate::restore) fn rehearsed_bucket(markers: &[Version]) -> RehearsedBucket {
    RehearsedBucket::new(markers.chunks(KEYS_PER_LISTING))
}

/// Lists from the first wanted key to the last one, and skips keys in between.
async fn list_range(
    bucket: &impl VersionList,
    keys: &[WantedKey],
) -> Result<Option<HashMap<String, KeyVersions>>, RestoreError> {
    let (Some(first), Some(last)) = (keys.first(), keys.last()) else { return Ok(Some(HashMap::new())) };
    let prefix = common_prefix(&first.key, &last.key);
    let mut found: HashMap<String, KeyVersions> = HashMap::new();
    let mut after = (first.key != prefix).then(|| (just_before(&first.key), None));
    let mut maximum = MAXIMUM_PAGE;
    let mut position = 0;
    loop {
        let Some(Page { entries, next }) = bucket.page(PageRequest { prefix, after, maximum }).await? else {
            return Ok(None);
        };
        for entry in entries {
            if let Ok(index) = keys.binary_search_by(|wanted| wanted.key.as_str().cmp(&entry.key)) {
                let versions = found.entry(entry.key.clone()).or_default();
                versions.add(entry, &keys[index].ids);
            }
        }
        let Some((reached, version)) = next else { return Ok(Some(found)) };
        let next_position = keys.partition_point(|wanted| wanted.key < reached);
        let Some(wanted) = keys.get(next_position) else { return Ok(Some(found)) };
        // The page ended between versions of a wanted key.
        let is_within_key = wanted.key == reached;
        maximum = if is_within_key || next_position > position + 1 {
            (maximum * PAGE_GROWTH).min(MAXIMUM_PAGE)
        } else {
            PAGE_AFTER_SKIP
        };
        after = Some(if is_within_key {
            (reached, version)
        } else {
            (just_before(&wanted.key).max(reached), None)
        });
        position = next_position;
    }
}

/// Returns the longest prefix of all keys between two sorted keys.
fn common_prefix<'a>(first: &'a str, last: &str) -> &'a str {
    let length = first.bytes().zip(last.bytes()).take_while(|(one, other)| one == other).count();
    let boundary = (0..=length).rev().find(|index| first.is_char_boundary(*index)).unwrap_or(0);
    &first[..boundary]
}

/// Returns a text that sorts before a key, with few or no keys in between.
///
/// A listing starts after its marker, not at it.
fn just_before(key: &str) -> String {
    let mut before = key.to_owned();
    if let Some(last) = before.pop() {
        let previous = u32::from(last).checked_sub(1).and_then(char::from_u32);
        if let Some(previous) = previous.filter(|previous| !previous.is_control()) {
            before.push(previous);
            // A marker cannot be longer than a key.
            if before.len() + char::MAX.len_utf8() <= MAXIMUM_KEY_BYTES {
                before.push(char::MAX);
            }
        }
    }
    before
}

#[cfg(test)]
mod tests;
