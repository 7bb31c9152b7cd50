//! Presigning S3 requests.

use std::time::{Duration, SystemTime};

use aws_sdk_s3::Client;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::presigning::{PresignedRequest, PresigningConfig};

use super::context::ApiContext;
use super::error::ApiError;
use super::packages::S3Object;
use crate::sdk_error::describe;
use crate::telemetry;

/// The period in which a presigned URL is valid.
#[derive(Clone, Copy)]
pub(super) struct Validity {
    /// The beginning, in Unix seconds.
    from: i64,
    lifetime: Duration,
}

impl Validity {
    /// Returns the period from a time, limited by the credentials.
    pub(super) async fn new(context: &ApiContext, from: i64, lifetime: Duration) -> Result<Self, ApiError> {
        Self::limited_by(from, lifetime, context.aws.credentials_expire_at().await)
    }

    /// Returns the period, which ends with the credentials at the latest.
    ///
    /// A URL expires with them.
    /// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-presigned-url.html>
    fn limited_by(
        from: i64,
        lifetime: Duration,
        credentials_expire_at: Option<SystemTime>,
    ) -> Result<Self, ApiError> {
        let rest = credentials_expire_at
            .map(|expiry| expiry.duration_since(at(from)).unwrap_or_default().as_secs())
            .map_or(Duration::MAX, Duration::from_secs);
        if rest.is_zero() {
            return Err(ApiError::Unavailable("the AWS credentials have expired".to_owned()));
        }
        Ok(Self { from, lifetime: lifetime.min(rest) })
    }

    /// Returns the end of the period, in Unix seconds.
    pub(super) fn expires_at(self) -> i64 {
        self.from + self.lifetime.as_secs().cast_signed()
    }

    fn configuration(self) -> Result<PresigningConfig, ApiError> {
        PresigningConfig::builder()
            .start_time(at(self.from))
            .expires_in(self.lifetime)
            .build()
            .map_err(|error| ApiError::internal(error.to_string()))
    }
}

fn at(unix_seconds: i64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(unix_seconds.cast_unsigned())
}

/// Returns a URL that is presigned for GET.
pub(super) async fn presign_get(
    s3: &Client,
    object: &S3Object,
    validity: Validity,
) -> Result<String, ApiError> {
    let request = s3.get_object().bucket(&object.bucket).key(&object.key);
    url(request.presigned(validity.configuration()?)).await
}

/// Returns a URL that is presigned for HEAD.
///
/// S3 signs the method, so a URL for GET does not work for HEAD.
pub(super) async fn presign_head(
    s3: &Client,
    object: &S3Object,
    version: Option<String>,
    validity: Validity,
) -> Result<String, ApiError> {
    let request = s3.head_object().bucket(&object.bucket).key(&object.key).set_version_id(version);
    url(request.presigned(validity.configuration()?)).await
}

/// Returns the URL of a presigned request.
async fn url<E: ProvideErrorMetadata>(
    presigned: impl Future<Output = Result<PresignedRequest, SdkError<E>>>,
) -> Result<String, ApiError> {
    let presigned = telemetry::step("presign", presigned).await;
    Ok(presigned.map_err(|error| not_signed(&error))?.uri().to_owned())
}

/// Signing calls no service, so it fails only without credentials.
fn not_signed<E: ProvideErrorMetadata>(error: &SdkError<E>) -> ApiError {
    ApiError::Unavailable(describe("a presigned request", error))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region};

    use super::super::packages::S3Object;
    use super::{Validity, at, presign_head};

    const NOW: i64 = 1_767_225_600;

    #[tokio::test]
    async fn url_is_valid_from_the_given_second_in_the_given_region() {
        let configuration = aws_sdk_s3::Config::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .region(Region::new("eu-west-1"))
            .credentials_provider(Credentials::new("AKID", "secret", None, None, "test"))
            .build();
        let object = S3Object { bucket: "bucket".to_owned(), key: "a b".to_owned() };
        let validity = Validity::limited_by(NOW, Duration::from_secs(7), None).unwrap();
        let s3 = aws_sdk_s3::Client::from_conf(configuration);
        let url = presign_head(&s3, &object, Some("v".to_owned()), validity).await.unwrap();
        let (object, query) = url.split_once('?').unwrap();
        assert_eq!(object, "https://bucket.s3.eu-west-1.amazonaws.com/a%20b");
        for parameter in [
            "X-Amz-Date=20260101T000000Z",
            "X-Amz-Expires=7",
            "X-Amz-Credential=AKID%2F20260101%2Feu-west-1%2Fs3%2Faws4_request",
            "versionId=v",
        ] {
            assert!(query.split('&').any(|pair| pair == parameter), "{parameter} in {url}");
        }
    }

    #[test]
    fn url_does_not_outlive_the_credentials_that_sign_it() {
        let until = |expiry: Option<i64>| Validity::limited_by(NOW, Duration::from_hours(1), expiry.map(at));
        let lifetime = |expiry| until(expiry).map(|validity| validity.expires_at() - NOW).ok();
        assert_eq!(lifetime(None), Some(3600));
        assert_eq!(lifetime(Some(NOW + 6 * 3600)), Some(3600));
        assert_eq!(lifetime(Some(NOW + 600)), Some(600));
        assert_eq!(lifetime(Some(NOW)), None);
        assert_eq!(lifetime(Some(NOW - 1)), None);
    }
}
