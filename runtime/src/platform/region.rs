//! The regions of buckets.
//!
//! The suffix of a bucket's name is the short name of its region. For a bucket without a known suffix, S3 is
//! asked, once per bucket and container.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_sdk_s3::config::Region;
use aws_sdk_s3::error::SdkError;
use aws_sdk_s3::operation::head_bucket::HeadBucketError;
use tokio::sync::OnceCell;

use crate::sdk_error::describe;

/// The platform's short names of regions, which its buckets have as suffixes.
const SHORT_NAMES: &[(&str, &str)] = &[
    ("use1", "us-east-1"),
    ("use2", "us-east-2"),
    ("usw1", "us-west-1"),
    ("usw2", "us-west-2"),
    ("afs1", "af-south-1"),
    ("euc1", "eu-central-1"),
    ("euw1", "eu-west-1"),
];

/// The first region of the platform, from a time when names had no suffix.
const FIRST_REGION: &str = "us-east-1";

/// The beginnings of short names.
const AREAS: &[&str] = &["af", "ap", "ca", "cn", "eu", "il", "me", "mx", "sa", "us", "usg"];
/// What follows in short names, before the number.
const DIRECTIONS: &[&str] = &["c", "e", "n", "ne", "nw", "s", "se", "sw", "w"];

const HEADER: &str = "x-amz-bucket-region";

/// The time limit for asking S3.
///
/// A client waits, and the signature itself needs no call.
const REQUEST_TIME: Duration = Duration::from_secs(3);

/// The suffix of a bucket's name.
#[derive(Debug, PartialEq, Eq)]
enum Suffix {
    /// The short name of this region.
    Region(&'static str),
    /// The short name of an unknown region.
    UnknownRegion,
    /// No short name: the bucket is in the first region, unless S3 returns another one.
    Other,
}

/// The region of a bucket could not be determined.
#[derive(Debug, thiserror::Error)]
#[error("the region of bucket {bucket} could not be determined: {cause}")]
pub(crate) struct UnknownRegion {
    /// The bucket.
    pub(crate) bucket: String,
    /// Whether the bucket does not exist.
    pub(crate) is_missing: bool,
    cause: String,
}

/// The regions of buckets for which S3 was asked.
#[derive(Default)]
pub(crate) struct BucketRegions {
    requests: Mutex<HashMap<String, Arc<OnceCell<Region>>>>,
}

impl BucketRegions {
    /// Returns the region of a bucket. `s3` is a client for any region.
    pub(crate) async fn region_of(
        &self,
        bucket: &str,
        s3: impl AsyncFnOnce() -> aws_sdk_s3::Client,
    ) -> Result<Region, UnknownRegion> {
        let suffix = suffix_of(bucket);
        if let Suffix::Region(region) = suffix {
            return Ok(Region::from_static(region));
        }
        let cell = self.cell(bucket);
        let found = cell.get_or_try_init(async || ask(&s3().await, bucket).await).await;
        match found {
            Ok(region) => Ok(region.clone()),
            // The cell stays empty, so the next request asks again.
            Err(error) if suffix == Suffix::Other => {
                tracing::warn!(cause = %error, region = FIRST_REGION, "assuming the region of a bucket");
                Ok(Region::from_static(FIRST_REGION))
            }
            Err(error) => Err(error),
        }
    }

    fn cell(&self, bucket: &str) -> Arc<OnceCell<Region>> {
        let mut requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(requests.entry(bucket.to_owned()).or_default())
    }
}

/// Asks S3 for the region of a bucket.
///
/// The response contains it even if access to the bucket is denied, so this requires no permission:
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadBucket.html>.
async fn ask(s3: &aws_sdk_s3::Client, bucket: &str) -> Result<Region, UnknownRegion> {
    let unknown = |is_missing, cause| UnknownRegion { bucket: bucket.to_owned(), is_missing, cause };
    let request = s3.head_bucket().bucket(bucket).send();
    let response = tokio::time::timeout(REQUEST_TIME, request).await;
    match response.map_err(|_| unknown(false, "HeadBucket timed out".to_owned()))? {
        Ok(response) => {
            let region = response.bucket_region().map(|region| Region::new(region.to_owned()));
            // Other implementations of S3 omit the header. The bucket is in the region where it was found.
            let found_in = || s3.config().region().cloned();
            region.or_else(found_in).ok_or_else(|| unknown(false, "HeadBucket did not return it".to_owned()))
        }
        Err(error) => region_in(&error).ok_or_else(|| {
            let is_missing = error.as_service_error().is_some_and(HeadBucketError::is_not_found);
            unknown(is_missing, describe("HeadBucket", &error))
        }),
    }
}

fn region_in(error: &SdkError<HeadBucketError>) -> Option<Region> {
    let region = error.raw_response()?.headers().get(HEADER)?;
    (!region.is_empty()).then(|| Region::new(region.to_owned()))
}

fn suffix_of(bucket: &str) -> Suffix {
    let Some((_, suffix)) = bucket.rsplit_once('-') else { return Suffix::Other };
    match SHORT_NAMES.iter().find(|(short, _)| *short == suffix) {
        Some((_, region)) => Suffix::Region(region),
        None if is_short_name(suffix) => Suffix::UnknownRegion,
        None => Suffix::Other,
    }
}

/// Returns whether a text has the form of a short name, such as `apse2`.
fn is_short_name(text: &str) -> bool {
    let Some(place) = text.strip_suffix(|last: char| last.is_ascii_digit()) else { return false };
    AREAS.iter().filter_map(|area| place.strip_prefix(area)).any(|rest| DIRECTIONS.contains(&rest))
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::{BucketRegions, Suffix, suffix_of};

    #[test]
    fn suffix_of_a_name_is_its_region() {
        for (bucket, expected) in [
            ("pennsieve-prod-storage-afs1", Suffix::Region("af-south-1")),
            ("pennsieve-dev-pkg-assets-use1", Suffix::Region("us-east-1")),
            ("pennsieve-prod-storage-apse2", Suffix::UnknownRegion),
            ("pennsieve-prod-storage-usgw1", Suffix::UnknownRegion),
            ("pennsieve-prod-storage", Suffix::Other),
            ("pennsieve-prod-storage2", Suffix::Other),
            ("pennsieve-prod-phase1", Suffix::Other),
            ("storage", Suffix::Other),
            ("use1", Suffix::Other),
        ] {
            assert_eq!(suffix_of(bucket), expected, "{bucket}");
        }
    }

    /// An S3 that responds to every request with this head, and counts them.
    struct S3 {
        client: aws_sdk_s3::Client,
        requests: std::sync::Arc<AtomicUsize>,
    }

    impl S3 {
        async fn responding(head: &'static str) -> Self {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let endpoint = format!("http://{}", listener.local_addr().unwrap());
            let requests = std::sync::Arc::new(AtomicUsize::new(0));
            let counter = std::sync::Arc::clone(&requests);
            tokio::spawn(async move {
                while let Ok((mut connection, _)) = listener.accept().await {
                    let mut request = [0; 4096];
                    let read = connection.read(&mut request).await.unwrap_or(0);
                    assert!(request[..read].starts_with(b"HEAD /"), "only HeadBucket requires no permission");
                    counter.fetch_add(1, Ordering::SeqCst);
                    let response =
                        format!("HTTP/1.1 {head}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n");
                    connection.write_all(response.as_bytes()).await.unwrap();
                }
            });
            let configuration = aws_sdk_s3::Config::builder()
                .behavior_version(BehaviorVersion::v2026_01_12())
                .region(Region::new("us-east-1"))
                .endpoint_url(endpoint)
                .force_path_style(true)
                .credentials_provider(Credentials::new("AKID", "secret", None, None, "test"))
                .build();
            Self { client: aws_sdk_s3::Client::from_conf(configuration), requests }
        }

        async fn region_of(&self, regions: &BucketRegions, bucket: &str) -> Result<String, String> {
            let region = regions.region_of(bucket, async || self.client.clone()).await;
            region.map(|region| region.to_string()).map_err(|error| error.to_string())
        }

        fn requests(&self) -> usize {
            self.requests.load(Ordering::SeqCst)
        }
    }

    #[tokio::test]
    async fn response_of_any_status_determines_the_region_once() {
        for head in [
            "200 OK\r\nx-amz-bucket-region: ap-southeast-2",
            "301 Moved Permanently\r\nx-amz-bucket-region: ap-southeast-2",
            "403 Forbidden\r\nx-amz-bucket-region: ap-southeast-2",
            "400 Bad Request\r\nx-amz-bucket-region: ap-southeast-2",
        ] {
            let (s3, regions) = (S3::responding(head).await, BucketRegions::default());
            for bucket in ["pennsieve-prod-storage-apse2", "pennsieve-prod-storage"] {
                for _ in 0..2 {
                    let region = s3.region_of(&regions, bucket).await;
                    assert_eq!(region.as_deref(), Ok("ap-southeast-2"), "{bucket}, {head}");
                }
            }
            assert_eq!(s3.requests(), 2, "once per bucket, {head}");
            assert_eq!(s3.region_of(&regions, "assets-euw1").await.as_deref(), Ok("eu-west-1"));
            assert_eq!(s3.requests(), 2, "not for a known suffix");
        }
    }

    #[tokio::test]
    async fn without_a_response_the_region_is_the_first_one_or_an_error_with_the_bucket() {
        let (s3, regions) = (S3::responding("404 Not Found").await, BucketRegions::default());
        assert_eq!(s3.region_of(&regions, "pennsieve-prod-storage").await.as_deref(), Ok("us-east-1"));
        let error = s3.region_of(&regions, "pennsieve-prod-storage-apse2").await.unwrap_err();
        assert!(error.contains("bucket pennsieve-prod-storage-apse2"), "{error}");
        let requests = s3.requests();
        assert!(s3.region_of(&regions, "pennsieve-prod-storage-apse2").await.is_err());
        assert!(s3.requests() > requests, "a failure is not cached");
    }

    #[tokio::test]
    async fn bucket_without_a_region_header_is_where_it_was_found() {
        let (s3, regions) = (S3::responding("200 OK").await, BucketRegions::default());
        assert_eq!(s3.region_of(&regions, "storage-apse2").await.as_deref(), Ok("us-east-1"));
    }
}
