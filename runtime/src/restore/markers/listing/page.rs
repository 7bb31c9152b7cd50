//! Pages of the versions of a bucket.

use aws_sdk_s3::error::ProvideErrorMetadata;
use aws_sdk_s3::primitives::DateTime;
use aws_sdk_s3::types::EncodingType;
use percent_encoding::percent_decode_str;

use crate::restore::error::RestoreError;

/// A request for a page.
pub(in crate::restore::markers) struct PageRequest<'a> {
    pub(super) prefix: &'a str,
    /// The key after which the page begins.
    ///
    /// With a version id, the page begins after this version of the key.
    pub(super) after: Option<(String, Option<String>)>,
    /// The maximum number of versions.
    pub(super) maximum: i32,
}

/// A page of versions.
pub(in crate::restore::markers) struct Page {
    pub(super) entries: Vec<Entry>,
    /// The last key and version of the page, if more follow.
    pub(super) next: Option<(String, Option<String>)>,
}

/// A version of a key.
pub(in crate::restore::markers) struct Entry {
    pub(super) key: String,
    pub(super) id: String,
    pub(super) is_marker: bool,
    pub(super) is_latest: bool,
    /// The time when it was created, in Unix seconds.
    pub(super) modified: i64,
}

/// A list of versions, ordered by key.
pub(in crate::restore::markers) trait VersionList {
    /// Returns a page, or `None` if the bucket does not exist.
    async fn page(&self, request: PageRequest<'_>) -> Result<Option<Page>, RestoreError>;
}

/// A bucket of S3.
pub(in crate::restore::markers) struct Bucket<'a> {
    pub(in crate::restore::markers) client: &'a aws_sdk_s3::Client,
    pub(in crate::restore::markers) name: &'a str,
}

impl VersionList for Bucket<'_> {
    async fn page(&self, request: PageRequest<'_>) -> Result<Option<Page>, RestoreError> {
        let (key_marker, version_marker) = request.after.unzip();
        let page = self
            .client
            .list_object_versions()
            .bucket(self.name)
            // XML 1.0 cannot contain every character of a key, and one such key would make the page malformed.
            .encoding_type(EncodingType::Url)
            .prefix(request.prefix)
            .set_key_marker(key_marker)
            .set_version_id_marker(version_marker.flatten())
            .max_keys(request.maximum)
            .send()
            .await;
        let page = match page {
            Ok(page) => page,
            Err(error) if error.code().is_some_and(is_missing_bucket) => return Ok(None),
            Err(error) => return Err(RestoreError::from_call("ListObjectVersions", &error)),
        };
        let is_encoded = page.encoding_type().is_some();
        let key_of = |key: &str| if is_encoded { decode(key) } else { Some(key.to_owned()) };
        let data = page.versions().iter().map(|version| {
            (version.key(), version.version_id(), false, version.is_latest(), version.last_modified())
        });
        let markers = page.delete_markers().iter().map(|marker| {
            (marker.key(), marker.version_id(), true, marker.is_latest(), marker.last_modified())
        });
        let mut entries = Vec::new();
        for (key, id, is_marker, is_latest, modified) in data.chain(markers) {
            let (Some(key), Some(id)) = (key.and_then(key_of), id) else { continue };
            let (is_latest, modified) = (is_latest.unwrap_or(false), modified.map_or(0, DateTime::secs));
            entries.push(Entry { key, id: id.to_owned(), is_marker, is_latest, modified });
        }
        let next = if page.is_truncated().unwrap_or(false) {
            let key = page.next_key_marker().and_then(key_of);
            let key = key.ok_or_else(|| RestoreError::Aws("a listing names no next page".to_owned()))?;
            Some((key, page.next_version_id_marker().map(str::to_owned)))
        } else {
            None
        };
        Ok(Some(Page { entries, next }))
    }
}

/// Decodes a key of a listing.
///
/// S3 uses form encoding: a space is `+`, a plus sign is `%2B`. <https://github.com/boto/boto/pull/2654>.
fn decode(key: &str) -> Option<String> {
    let key = key.replace('+', " ");
    percent_decode_str(&key).decode_utf8().ok().map(std::borrow::Cow::into_owned)
}

/// Returns whether an error code means that the bucket does not exist.
///
/// A denial and a wrong region do not: a policy may be wrong, and the message is received again until it is
/// fixed.
fn is_missing_bucket(code: &str) -> bool {
    matches!(code, "NoSuchBucket" | "InvalidBucketName" | "AllAccessDisabled")
}

#[cfg(test)]
mod tests {
    use super::{decode, is_missing_bucket};

    #[test]
    fn denied_bucket_is_not_a_missing_bucket() {
        assert!(is_missing_bucket("NoSuchBucket") && is_missing_bucket("InvalidBucketName"));
        for code in ["AccessDenied", "PermanentRedirect", "SlowDown"] {
            assert!(!is_missing_bucket(code), "{code}");
        }
    }

    #[test]
    fn keys_of_a_listing_are_form_encoded() {
        for (encoded, key) in [
            ("a+b.txt", "a b.txt"),
            ("a%2Bb.txt", "a+b.txt"),
            ("100%25.csv", "100%.csv"),
            ("%ED%95%9C/x.txt", "\u{d55c}/x.txt"),
            ("f/a%10b.csv", "f/a\u{10}b.csv"),
        ] {
            assert_eq!(decode(encoded).as_deref(), Some(key));
        }
        assert_eq!(decode("%FF"), None);
    }
}
