//! Listing the versions of wanted keys, in as few calls as it takes.

use std::collections::HashMap;

use aws_sdk_s3::error::ProvideErrorMetadata;
use aws_sdk_s3::primitives::DateTime;
use futures_util::stream::{self, StreamExt, TryStreamExt};

use super::super::RestoreError;

const CALLS_IN_FLIGHT: usize = 8;
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html>
const MAXIMUM_KEY_BYTES: usize = 1024;
/// Keys that one of the parallel listings covers. With a data version and a marker each, they leave some room on a page of
/// 1,000 versions: a page that they filled to the end would be followed by another, to see whether there are more.
const KEYS_A_LISTING: usize = 490;

/// One version of a key, as listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Listed {
    pub(super) id: String,
    pub(super) is_marker: bool,
    /// When it was made, in Unix seconds.
    pub(super) modified: i64,
}

/// The versions of the wanted keys, which are sorted; none where the bucket does not exist.
pub(super) async fn list_versions(
    client: &aws_sdk_s3::Client,
    bucket: &str,
    keys: &[String],
) -> Result<Option<HashMap<String, Vec<Listed>>>, RestoreError> {
    let listings = keys.chunks(KEYS_A_LISTING).map(|keys| list_range(client, bucket, keys));
    let listings: Vec<Option<HashMap<String, Vec<Listed>>>> =
        stream::iter(listings).buffer_unordered(CALLS_IN_FLIGHT).try_collect().await?;
    Ok(listings.into_iter().collect::<Option<Vec<_>>>().map(|maps| maps.into_iter().flatten().collect()))
}

/// List from the first wanted key to the last, leaping over stretches without a wanted one.
async fn list_range(
    client: &aws_sdk_s3::Client,
    bucket: &str,
    keys: &[String],
) -> Result<Option<HashMap<String, Vec<Listed>>>, RestoreError> {
    let (Some(first), Some(last)) = (keys.first(), keys.last()) else { return Ok(Some(HashMap::new())) };
    let prefix = common_prefix(first, last);
    let mut found: HashMap<String, Vec<Listed>> = HashMap::new();
    let mut after = (first.as_str() != prefix).then(|| (just_before(first), None));
    loop {
        let (key_marker, version_marker) = after.take().unzip();
        let page = client
            .list_object_versions()
            .bucket(bucket)
            .prefix(prefix)
            .set_key_marker(key_marker)
            .set_version_id_marker(version_marker.flatten())
            .send()
            .await;
        let page = match page {
            Ok(page) => page,
            Err(error) if error.code().is_some_and(is_missing_bucket) => return Ok(None),
            Err(error) => return Err(RestoreError::aws("ListObjectVersions", &error)),
        };
        let data = page
            .versions()
            .iter()
            .map(|version| (version.key(), version.version_id(), false, version.last_modified()));
        let markers = page
            .delete_markers()
            .iter()
            .map(|marker| (marker.key(), marker.version_id(), true, marker.last_modified()));
        for (key, id, is_marker, modified) in data.chain(markers) {
            let (Some(key), Some(id)) = (key, id) else { continue };
            if keys.binary_search_by(|wanted| wanted.as_str().cmp(key)).is_ok() {
                let modified = modified.map_or(0, DateTime::secs);
                found.entry(key.to_owned()).or_default().push(Listed {
                    id: id.to_owned(),
                    is_marker,
                    modified,
                });
            }
        }
        if !page.is_truncated().unwrap_or(false) {
            return Ok(Some(found));
        }
        let Some(reached) = page.next_key_marker().map(str::to_owned) else { return Ok(Some(found)) };
        let position = keys.partition_point(|wanted| *wanted < reached);
        after = match keys.get(position) {
            None => return Ok(Some(found)),
            // The page ended among the versions of a wanted key.
            Some(wanted) if *wanted == reached => {
                Some((reached, page.next_version_id_marker().map(str::to_owned)))
            }
            Some(wanted) => Some((just_before(wanted).max(reached), None)),
        };
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
        // XML has no control characters, so that a marker cannot hold one.
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

/// A refusal or a wrong region is no missing bucket: a policy of ours may lack a statement, and the message comes again
/// until somebody has looked.
fn is_missing_bucket(code: &str) -> bool {
    matches!(code, "NoSuchBucket" | "InvalidBucketName" | "AllAccessDisabled")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{MAXIMUM_KEY_BYTES, common_prefix, is_missing_bucket, just_before};

    #[test]
    fn what_may_be_our_own_mistake_is_no_missing_bucket() {
        assert!(is_missing_bucket("NoSuchBucket") && is_missing_bucket("InvalidBucketName"));
        for code in ["AccessDenied", "PermanentRedirect", "SlowDown"] {
            assert!(!is_missing_bucket(code), "{code}");
        }
    }

    proptest! {
        #[test]
        fn the_marker_lies_before_its_key(key in "\\PC{1,20}") {
            prop_assert!(just_before(&key) < key);
        }

        #[test]
        fn the_marker_is_no_longer_than_a_key_can_be(key in "[a-z]{1018,1024}") {
            let marker = just_before(&key);
            prop_assert!(marker < key && marker.len() <= MAXIMUM_KEY_BYTES);
        }

        #[test]
        fn every_key_in_a_range_has_the_common_prefix(mut keys in prop::collection::vec("[ab\u{e9}/]{1,6}", 1..8)) {
            keys.sort();
            let prefix = common_prefix(&keys[0], &keys[keys.len() - 1]);
            prop_assert!(keys.iter().all(|key| key.starts_with(prefix)));
        }
    }
}
