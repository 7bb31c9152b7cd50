//! Removing delete markers.

use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::error::ProvideErrorMetadata;
use aws_sdk_s3::types::{Delete, Error, ObjectIdentifier};
use futures_util::stream::{self, StreamExt, TryStreamExt};

use crate::platform::backoff::back_off;
use crate::restore::error::RestoreError;
use crate::restore::records::Version;
use crate::sdk_error::describe;

/// The maximum number of keys of a `DeleteObjects`.
///
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html>.
const KEYS_PER_CALL: usize = 1000;
const CALLS_IN_FLIGHT: usize = 8;
const ATTEMPTS: u32 = 6;
const FIRST_PAUSE: Duration = Duration::from_millis(100);

const ACCESS_DENIED: &str = "AccessDenied";

/// The markers that S3 rejected to remove.
#[derive(Debug, Default)]
pub(super) struct Rejections {
    versions: Vec<Version>,
    /// The number of those that were denied, because there is no permission.
    denied: usize,
}

impl Rejections {
    fn add(&mut self, version: &Version, code: &str) {
        self.versions.push(version.clone());
        self.denied += usize::from(code == ACCESS_DENIED);
    }

    fn merge(mut self, other: Self) -> Self {
        self.versions.extend(other.versions);
        self.denied += other.denied;
        self
    }

    /// Returns whether all of the planned removals were denied.
    ///
    /// Then the role of the function or the bucket policy is wrong, not an object.
    pub(super) fn deny_all(&self, planned: usize) -> bool {
        planned > 0 && self.denied == planned
    }

    pub(super) fn into_versions(self) -> Vec<Version> {
        self.versions
    }
}

/// Removes delete markers of a bucket.
pub(super) async fn remove(
    client: &Client,
    bucket: &str,
    versions: &[&Version],
) -> Result<Rejections, RestoreError> {
    let Calls { together, alone } = Calls::plan(versions);
    let batches = together.chunks(KEYS_PER_CALL).map(|chunk| remove_together(client, bucket, chunk));
    let batches: Vec<Rejections> =
        stream::iter(batches).buffer_unordered(CALLS_IN_FLIGHT).try_collect().await?;
    let singles = alone.into_iter().map(|version| remove_alone(client, bucket, version));
    let singles: Vec<Rejections> =
        stream::iter(singles).buffer_unordered(CALLS_IN_FLIGHT).try_collect().await?;
    Ok(batches.into_iter().chain(singles).fold(Rejections::default(), Rejections::merge))
}

/// The calls that remove markers.
struct Calls<'a> {
    /// Markers for `DeleteObjects`.
    together: Vec<&'a Version>,
    /// Markers for a `DeleteObject` each.
    alone: Vec<&'a Version>,
}

impl<'a> Calls<'a> {
    fn plan(versions: &[&'a Version]) -> Self {
        let (together, alone) = versions.iter().partition(|version| version.key.chars().all(is_safe_in_xml));
        Self { together, alone }
    }
}

/// Returns whether XML can contain a character unchanged.
///
/// XML 1.0 cannot contain most control characters and two noncharacters, and S3 returns `MalformedXML` for
/// the whole call: <https://github.com/aws/aws-sdk/issues/271>. A parser turns a carriage return into a line
/// feed, so S3 would search for another key and report success.
fn is_safe_in_xml(character: char) -> bool {
    !character.is_control() && !matches!(character, '\u{fffe}' | '\u{ffff}')
}

/// Removes markers by `DeleteObjects`.
///
/// It returns 200 with an error for each failed key. Transient failures are retried.
async fn remove_together(
    client: &Client,
    bucket: &str,
    versions: &[&Version],
) -> Result<Rejections, RestoreError> {
    let mut open: Vec<&Version> = versions.to_vec();
    let mut rejections = Rejections::default();
    for attempt in 0..ATTEMPTS {
        back_off(FIRST_PAUSE, attempt).await;
        let mut delete = Delete::builder().quiet(true);
        for version in &open {
            let object = ObjectIdentifier::builder().key(&version.key).version_id(&version.id).build();
            delete = delete.objects(object?);
        }
        let delete = delete.build()?;
        let response = client.delete_objects().bucket(bucket).delete(delete).send().await;
        let response = response.map_err(|error| RestoreError::from_call("DeleteObjects", &error))?;
        let failures = failures_of(&open, response.errors())?;
        for (version, code) in failures.rejected {
            tracing::error!(bucket, code, "S3 rejected the removal of a delete marker");
            rejections.add(version, code);
        }
        open = failures.again;
        if open.is_empty() {
            return Ok(rejections);
        }
    }
    Err(RestoreError::Incomplete("DeleteObjects"))
}

/// Removes a marker by `DeleteObject`.
///
/// Its path can contain every character of a key.
async fn remove_alone(client: &Client, bucket: &str, version: &Version) -> Result<Rejections, RestoreError> {
    let mut rejections = Rejections::default();
    let call = client.delete_object().bucket(bucket).key(&version.key).version_id(&version.id);
    let Err(error) = call.send().await else { return Ok(rejections) };
    match error.code().map(Outcome::from_code) {
        Some(Outcome::Gone) => Ok(rejections),
        Some(Outcome::Rejected) => {
            tracing::error!(bucket, cause = describe("DeleteObject", &error), "a delete marker stays");
            rejections.add(version, error.code().unwrap_or_default());
            Ok(rejections)
        }
        Some(Outcome::Transient) | None => Err(RestoreError::from_call("DeleteObject", &error)),
    }
}

/// The outcome for a version that an error code stands for.
enum Outcome {
    Gone,
    Rejected,
    Transient,
}

impl Outcome {
    /// Returns the outcome of an error code. An unknown code can be transient.
    fn from_code(code: &str) -> Self {
        match code {
            "NoSuchVersion" | "NoSuchKey" => Self::Gone,
            ACCESS_DENIED | "NoSuchBucket" | "InvalidRequest" | "InvalidArgument" | "InvalidURI"
            | "MethodNotAllowed" => Self::Rejected,
            _ => Self::Transient,
        }
    }
}

/// Versions that were not removed.
#[derive(Debug, PartialEq, Eq)]
struct Failures<'version, 'error> {
    /// Those whose removal S3 rejected, with its code.
    rejected: Vec<(&'version Version, &'error str)>,
    /// Those that are retried.
    again: Vec<&'version Version>,
}

/// Returns the versions of a call for which S3 returned errors.
///
/// A marker must not count as removed if it exists: its package would become READY without its object, and
/// the record that names the marker would be removed. So an error without a version stands for all versions
/// of its key, an error for an unknown key fails the message, and an unknown code is retried.
fn failures_of<'version, 'error>(
    open: &[&'version Version],
    errors: &'error [Error],
) -> Result<Failures<'version, 'error>, RestoreError> {
    let mut failures = Failures { rejected: Vec::new(), again: Vec::new() };
    for error in errors {
        let code = error.code().unwrap_or_default();
        let version_id = error.version_id().filter(|id| !id.is_empty());
        let is_of = |version: &&Version| {
            Some(version.key.as_str()) == error.key() && version_id.is_none_or(|id| id == version.id)
        };
        let matching: Vec<&'version Version> = open.iter().copied().filter(is_of).collect();
        if matching.is_empty() {
            return Err(RestoreError::Aws(format!("DeleteObjects: {code} for a key that was not asked for")));
        }
        match Outcome::from_code(code) {
            Outcome::Gone => {}
            Outcome::Rejected => {
                failures.rejected.extend(matching.into_iter().map(|version| (version, code)));
            }
            Outcome::Transient => failures.again.extend(matching),
        }
    }
    Ok(failures)
}

#[cfg(test)]
mod tests {
    use aws_sdk_s3::types::Error;

    use super::{Calls, Rejections, Version, failures_of};

    fn version(key: &str, id: &str) -> Version {
        Version { bucket: "bucket".to_owned(), key: key.to_owned(), id: id.to_owned() }
    }

    #[test]
    fn key_that_xml_cannot_contain_is_not_part_of_a_batch() {
        let unsafe_keys = [
            "a\u{0}",
            "a\u{1}b",
            "f/a\u{10}b.csv",
            "a\r",
            "a\n",
            "\t",
            "\u{7f}",
            "\u{85}",
            "\u{fffe}",
            "\u{ffff}",
        ];
        let safe_keys = ["a.csv", "a b+c%10", "<&>'\"", "\u{e9}\u{1f9e0}", "\u{fffd}", " "];
        let versions: Vec<Version> =
            unsafe_keys.iter().chain(&safe_keys).map(|key| version(key, "1")).collect();
        let versions: Vec<&Version> = versions.iter().collect();
        let calls = Calls::plan(&versions);
        let keys =
            |versions: &[&Version]| versions.iter().map(|version| version.key.clone()).collect::<Vec<_>>();
        assert_eq!(keys(&calls.together), safe_keys);
        assert_eq!(keys(&calls.alone), unsafe_keys);
    }

    #[test]
    fn error_of_delete_objects_never_counts_as_success() {
        let (one, two, other) = (version("key", "1"), version("key", "2"), version("other", "1"));
        let open = [&one, &two, &other];
        let error = |key: Option<&str>, id: Option<&str>, code: &str| {
            let error = Error::builder().set_key(key.map(str::to_owned)).code(code);
            [error.set_version_id(id.map(str::to_owned)).build()]
        };
        let denied = "AccessDenied";
        let named = error(Some("key"), Some("2"), denied);
        assert_eq!(failures_of(&open, &named).unwrap().rejected, [(&two, denied)]);
        for unnamed in [None, Some("")] {
            let unnamed = error(Some("key"), unnamed, denied);
            assert_eq!(failures_of(&open, &unnamed).unwrap().rejected, [(&one, denied), (&two, denied)]);
        }
        for passing in ["SlowDown", "InternalError", "Throttling", "", "NeverHeardOf"] {
            let passing = error(Some("other"), Some("1"), passing);
            assert_eq!(failures_of(&open, &passing).unwrap().again, [&other]);
        }
        let gone = error(Some("key"), Some("1"), "NoSuchVersion");
        let failures = failures_of(&open, &gone).unwrap();
        assert!(failures.rejected.is_empty() && failures.again.is_empty());
        assert!(failures_of(&open, &error(None, None, denied)).is_err());
        assert!(failures_of(&open, &error(Some("key"), Some("3"), denied)).is_err());
    }

    #[test]
    fn permission_is_missing_only_if_every_removal_is_denied() {
        let rejections = |codes: &[&str]| {
            let mut rejections = Rejections::default();
            for code in codes {
                rejections.add(&version("key", "1"), code);
            }
            rejections
        };
        assert!(rejections(&["AccessDenied", "AccessDenied"]).deny_all(2));
        assert!(!rejections(&["AccessDenied"]).deny_all(2));
        assert!(!rejections(&["AccessDenied", "InvalidArgument"]).deny_all(2));
        assert!(!rejections(&[]).deny_all(0));
    }
}
