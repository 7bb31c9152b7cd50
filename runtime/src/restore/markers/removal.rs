//! Removing delete markers.

use aws_sdk_s3::Client;
use aws_sdk_s3::error::ProvideErrorMetadata;
use aws_sdk_s3::types::{Delete, Error, ObjectIdentifier};
use futures_util::stream::{self, StreamExt, TryStreamExt};

use super::super::RestoreError;
use super::super::records::Version;
use crate::platform::backoff::back_off;
use crate::sdk_error::failure;

/// The most keys of one `DeleteObjects`: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html>.
const KEYS_A_CALL: usize = 1000;
const CALLS_IN_FLIGHT: usize = 8;
const ATTEMPTS: u32 = 6;

const ACCESS_DENIED: &str = "AccessDenied";

/// The markers that S3 refused to remove.
#[derive(Debug, Default)]
pub(super) struct Refusals {
    versions: Vec<Version>,
    /// How many of them were refused for want of a permission.
    denied: usize,
}

impl Refusals {
    fn add(&mut self, version: &Version, code: &str) {
        self.versions.push(version.clone());
        self.denied += usize::from(code == ACCESS_DENIED);
    }

    fn merge(mut self, other: Self) -> Self {
        self.versions.extend(other.versions);
        self.denied += other.denied;
        self
    }

    /// Whether every one of so many markers was refused for want of a permission. Then the function's role or the bucket's
    /// policy is at fault, and not an object.
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
) -> Result<Refusals, RestoreError> {
    let Calls { together, alone } = Calls::plan(versions);
    let batches = together.chunks(KEYS_A_CALL).map(|chunk| remove_together(client, bucket, chunk));
    let batches: Vec<Refusals> =
        stream::iter(batches).buffer_unordered(CALLS_IN_FLIGHT).try_collect().await?;
    let singles = alone.into_iter().map(|version| remove_alone(client, bucket, version));
    let singles: Vec<Refusals> =
        stream::iter(singles).buffer_unordered(CALLS_IN_FLIGHT).try_collect().await?;
    Ok(batches.into_iter().chain(singles).fold(Refusals::default(), Refusals::merge))
}

/// Which markers are removed by which call.
struct Calls<'a> {
    /// By `DeleteObjects`.
    together: Vec<&'a Version>,
    /// By a `DeleteObject` each.
    alone: Vec<&'a Version>,
}

impl<'a> Calls<'a> {
    fn plan(versions: &[&'a Version]) -> Self {
        let (together, alone) = versions.iter().partition(|version| version.key.chars().all(is_safe_in_xml));
        Self { together, alone }
    }
}

/// Whether an XML document carries this character, unchanged.
///
/// XML 1.0 cannot carry most control characters at all, nor two noncharacters, and S3 answers `MalformedXML` for the whole
/// call: <https://github.com/aws/aws-sdk/issues/271>. A parser turns a carriage return into a line feed, so S3 would look
/// for another key, and report success.
fn is_safe_in_xml(character: char) -> bool {
    !character.is_control() && !matches!(character, '\u{fffe}' | '\u{ffff}')
}

/// `DeleteObjects` answers 200 with errors per key; those that will pass are tried again.
async fn remove_together(
    client: &Client,
    bucket: &str,
    versions: &[&Version],
) -> Result<Refusals, RestoreError> {
    let incomplete = |error| RestoreError::incomplete(&error);
    let mut open: Vec<&Version> = versions.to_vec();
    let mut refusals = Refusals::default();
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
        for (version, code) in failures.refused {
            tracing::error!(bucket, code, "S3 refused to remove a delete marker");
            refusals.add(version, code);
        }
        open = failures.again;
        if open.is_empty() {
            return Ok(refusals);
        }
    }
    Err(RestoreError::Throttled("DeleteObjects"))
}

/// The key goes into the path of the request, which carries every character.
async fn remove_alone(client: &Client, bucket: &str, version: &Version) -> Result<Refusals, RestoreError> {
    let mut refusals = Refusals::default();
    let call = client.delete_object().bucket(bucket).key(&version.key).version_id(&version.id);
    let Err(error) = call.send().await else { return Ok(refusals) };
    match error.code().map(Outcome::of) {
        Some(Outcome::Gone) => Ok(refusals),
        Some(Outcome::Refused) => {
            tracing::error!(bucket, cause = failure("DeleteObject", &error), "a delete marker stays");
            refusals.add(version, error.code().unwrap_or_default());
            Ok(refusals)
        }
        Some(Outcome::WillPass) | None => Err(RestoreError::aws("DeleteObject", &error)),
    }
}

/// What an error code says about a version that was not removed.
enum Outcome {
    Gone,
    Refused,
    WillPass,
}

impl Outcome {
    /// A code that is not known for a refusal may pass.
    fn of(code: &str) -> Self {
        match code {
            "NoSuchVersion" | "NoSuchKey" => Self::Gone,
            ACCESS_DENIED | "NoSuchBucket" | "InvalidRequest" | "InvalidArgument" | "InvalidURI"
            | "MethodNotAllowed" => Self::Refused,
            _ => Self::WillPass,
        }
    }
}

/// Versions that were not removed.
#[derive(Debug, PartialEq, Eq)]
struct Failures<'version, 'error> {
    /// Those that S3 will not remove, with its code.
    refused: Vec<(&'version Version, &'error str)>,
    /// Those that are worth another attempt.
    again: Vec<&'version Version>,
}

/// What became of the versions of a call that S3 names as errors.
///
/// A marker that is taken for removed and is not loses its package: it becomes READY without its object, and the record
/// that names the marker is deleted. So an error without a version stands for all versions of its key, one that fits
/// nothing fails the message, and a code that is not known for a refusal is tried again.
fn failures_of<'version, 'error>(
    open: &[&'version Version],
    errors: &'error [Error],
) -> Result<Failures<'version, 'error>, RestoreError> {
    let mut failures = Failures { refused: Vec::new(), again: Vec::new() };
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
        match Outcome::of(code) {
            Outcome::Gone => {}
            Outcome::Refused => failures.refused.extend(matching.into_iter().map(|version| (version, code))),
            Outcome::WillPass => failures.again.extend(matching),
        }
    }
    Ok(failures)
}

#[cfg(test)]
mod tests {
    use aws_sdk_s3::types::Error;

    use super::{Calls, Refusals, Version, failures_of};

    fn version(key: &str, id: &str) -> Version {
        Version { bucket: "bucket".to_owned(), key: key.to_owned(), id: id.to_owned() }
    }

    #[test]
    fn key_that_xml_cannot_carry_never_goes_into_a_batch() {
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
    fn an_error_of_delete_objects_never_counts_as_success() {
        let (one, two, other) = (version("key", "1"), version("key", "2"), version("other", "1"));
        let open = [&one, &two, &other];
        let error = |key: Option<&str>, id: Option<&str>, code: &str| {
            let error = Error::builder().set_key(key.map(str::to_owned)).code(code);
            [error.set_version_id(id.map(str::to_owned)).build()]
        };
        let denied = "AccessDenied";
        let named = error(Some("key"), Some("2"), denied);
        assert_eq!(failures_of(&open, &named).unwrap().refused, [(&two, denied)]);
        for unnamed in [None, Some("")] {
            let unnamed = error(Some("key"), unnamed, denied);
            assert_eq!(failures_of(&open, &unnamed).unwrap().refused, [(&one, denied), (&two, denied)]);
        }
        for passing in ["SlowDown", "InternalError", "Throttling", "", "NeverHeardOf"] {
            let passing = error(Some("other"), Some("1"), passing);
            assert_eq!(failures_of(&open, &passing).unwrap().again, [&other]);
        }
        let gone = error(Some("key"), Some("1"), "NoSuchVersion");
        let failures = failures_of(&open, &gone).unwrap();
        assert!(failures.refused.is_empty() && failures.again.is_empty());
        assert!(failures_of(&open, &error(None, None, denied)).is_err());
        assert!(failures_of(&open, &error(Some("key"), Some("3"), denied)).is_err());
    }

    #[test]
    fn only_a_denial_of_everything_is_the_fault_of_our_rights() {
        let refusals = |codes: &[&str]| {
            let mut refusals = Refusals::default();
            for code in codes {
                refusals.add(&version("key", "1"), code);
            }
            refusals
        };
        assert!(refusals(&["AccessDenied", "AccessDenied"]).deny_all(2));
        assert!(!refusals(&["AccessDenied"]).deny_all(2));
        assert!(!refusals(&["AccessDenied", "InvalidArgument"]).deny_all(2));
        assert!(!refusals(&[]).deny_all(0));
    }
}
