//! Lists the versions of wanted keys, in as few calls as it takes.
//!
//! Wanted keys of one folder tend to lie next to each other, where a large page tells about hundreds of them. Where they
//! lie far apart, each page begins at the next wanted key, and is small: S3 takes longer for a large page, of which only
//! the first entries matter.

mod page;

use std::collections::{BTreeSet, HashMap};

use futures_util::stream::{self, StreamExt, TryStreamExt};

pub(super) use self::page::Bucket;
use self::page::{Entry, Page, PageRequest, VersionList};
use super::super::RestoreError;

const CALLS_IN_FLIGHT: usize = 32;
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html>
const MAXIMUM_KEY_BYTES: usize = 1024;
/// Keys that one of the parallel listings covers. With a data version and a marker each, they leave some room on a page of
/// 1,000 versions: a page that they filled to the end would be followed by another, to see whether there are more.
const KEYS_A_LISTING: usize = 490;
/// The most versions of a page: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectVersions.html>.
const MAXIMUM_PAGE: i32 = 1000;
/// Versions of the page after a leap over keys that are not wanted.
const PAGE_AFTER_LEAP: i32 = 64;
/// How much larger the next page is where one reached more than one wanted key.
const PAGE_GROWTH: i32 = 4;

/// A key, and the ids of its versions that matter.
pub(super) struct WantedKey {
    pub(super) key: String,
    pub(super) ids: BTreeSet<String>,
}

/// What a listing tells about the versions of a key. A key can have any number of versions, so only the wanted ones are
/// kept. Times are Unix seconds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct KeyVersions {
    /// Whether a wanted version is a delete marker.
    pub(super) is_marker: HashMap<String, bool>,
    pub(super) newest_data: Option<i64>,
    /// Of the delete markers that are not wanted.
    pub(super) newest_other_marker: Option<i64>,
    /// Whether the key's current version is a delete marker.
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

/// The versions of the wanted keys, which are sorted; `None` if the bucket does not exist.
pub(super) async fn list_versions(
    bucket: &impl VersionList,
    keys: &[WantedKey],
) -> Result<Option<HashMap<String, KeyVersions>>, RestoreError> {
    let listings = keys.chunks(KEYS_A_LISTING).map(|keys| list_range(bucket, keys));
    let listings: Vec<Option<HashMap<String, KeyVersions>>> =
        stream::iter(listings).buffer_unordered(CALLS_IN_FLIGHT).try_collect().await?;
    Ok(listings.into_iter().collect::<Option<Vec<_>>>().map(|maps| maps.into_iter().flatten().collect()))
}

/// Lists from the first wanted key to the last, and leaps over stretches without one.
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
        // The page ended among the versions of a wanted key.
        let is_within_key = wanted.key == reached;
        maximum = if is_within_key || next_position > position + 1 {
            (maximum * PAGE_GROWTH).min(MAXIMUM_PAGE)
        } else {
            PAGE_AFTER_LEAP
        };
        after = Some(if is_within_key {
            (reached, version)
        } else {
            (just_before(&wanted.key).max(reached), None)
        });
        position = next_position;
    }
}

/// The longest prefix of all keys between two sorted ones.
fn common_prefix<'a>(first: &'a str, last: &str) -> &'a str {
    let length = first.bytes().zip(last.bytes()).take_while(|(one, other)| one == other).count();
    let boundary = (0..=length).rev().find(|index| first.is_char_boundary(*index)).unwrap_or(0);
    &first[..boundary]
}

/// A text that sorts before a key, with few or no other keys in between: listing starts after its marker, not at it.
fn just_before(key: &str) -> String {
    let mut before = key.to_owned();
    if let Some(last) = before.pop() {
        let previous = u32::from(last).checked_sub(1).and_then(char::from_u32);
        if let Some(previous) = previous.filter(|previous| !previous.is_control()) {
            before.push(previous);
            // A marker can be no longer than a key.
            if before.len() + char::MAX.len_utf8() <= MAXIMUM_KEY_BYTES {
                before.push(char::MAX);
            }
        }
    }
    before
}

#[cfg(test)]
mod tests;
