//! `GET|HEAD /presign/s3`.

use std::time::{Duration, SystemTime};

use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::operation::head_object::{HeadObjectError, HeadObjectOutput};
use aws_sdk_s3::presigning::PresigningConfig;
use chrono::Utc;
use openapi::{OBJECT_SIZE_HEADER, PresignedObject};

use super::super::error::ApiError;
use super::super::packages::SourceFile;
use super::super::response::Response;
use super::super::{AdmittedDataset, ApiFunction, Request};
use crate::sdk_error::failure;

/// How long a presigned URL is good for.
const LIFETIME: Duration = Duration::from_hours(1);

/// When a presigned URL is good.
#[derive(Clone, Copy)]
pub(in crate::api) struct Validity {
    /// From when on, in Unix seconds.
    from: i64,
    /// How long.
    lifetime: Duration,
}

impl Validity {
    /// From `from` on for `lifetime`, but no longer than the credentials that sign: a URL dies with them.
    /// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-presigned-url.html>
    pub(in crate::api) fn new(
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

    fn expires_at(self) -> i64 {
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

impl ApiFunction {
    /// Presign an object for GET.
    pub(in crate::api) async fn presign_object(
        &self,
        request: &Request,
        dataset: AdmittedDataset,
    ) -> Result<Response, ApiError> {
        let declines_redirect = request.query.declines_redirect()?;
        let object = self.object_of(request, &dataset).await?;
        let validity = self.validity(Utc::now().timestamp(), LIFETIME).await?;
        let presigned_url = self.presign_get(&object, validity).await?;
        if declines_redirect {
            let expires_at = validity.expires_at();
            Ok(Response::json(200, &PresignedObject { presigned_url, expires_at }).not_stored())
        } else {
            Ok(Response::redirect_to_signed(presigned_url))
        }
    }

    /// Presign an object for HEAD, or answer with its headers.
    pub(in crate::api) async fn presign_object_head(
        &self,
        request: &Request,
        dataset: AdmittedDataset,
    ) -> Result<Response, ApiError> {
        let declines_redirect = request.query.declines_redirect()?;
        let object = self.object_of(request, &dataset).await?;
        if declines_redirect {
            return self.object_headers(&object).await;
        }
        let s3 = self.aws.s3_for_bucket(&object.bucket).await?;
        let validity = self.validity(Utc::now().timestamp(), LIFETIME).await?;
        let url = presign_head(&s3, &object, None, validity).await?;
        Ok(Response::redirect_to_signed(url))
    }

    /// When a URL that is presigned now is good.
    pub(in crate::api) async fn validity(&self, from: i64, lifetime: Duration) -> Result<Validity, ApiError> {
        Validity::new(from, lifetime, self.aws.credentials_expire_at().await)
    }

    /// The object that a request names: an asset with `path`, else the package's newest source file.
    async fn object_of(&self, request: &Request, dataset: &AdmittedDataset) -> Result<SourceFile, ApiError> {
        let package_id = request.query.node_id("package_id")?;
        let Some(path) = request.asset_path()? else {
            return self.source_file(dataset, package_id).await;
        };
        let bucket = self.settings.assets_bucket.clone()?;
        let prefix = self.asset_prefix(dataset, package_id).await?;
        let key = path.key(prefix).map_err(|error| ApiError::parameter("path", error))?;
        Ok(SourceFile { bucket, key })
    }

    async fn presign_get(&self, object: &SourceFile, validity: Validity) -> Result<String, ApiError> {
        let s3 = self.aws.s3_for_bucket(&object.bucket).await?;
        let request = s3.get_object().bucket(&object.bucket).key(&object.key);
        let presigned =
            request.presigned(validity.configuration()?).await.map_err(|error| cannot_sign(&error))?;
        Ok(presigned.uri().to_owned())
    }

    async fn object_headers(&self, object: &SourceFile) -> Result<Response, ApiError> {
        let s3 = self.aws.s3_for_bucket(&object.bucket).await?;
        let head = s3.head_object().bucket(&object.bucket).key(&object.key).send().await;
        match head {
            Ok(head) => Ok(headers_of(&head)),
            Err(error) if is_not_there(&error) => Err(ApiError::NotFound("object".to_owned())),
            Err(error) => Err(ApiError::Unavailable(failure("HeadObject", &error))),
        }
    }
}

fn at(unix_seconds: i64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(unix_seconds.cast_unsigned())
}

/// S3 signs the method, so a URL for GET would be refused for HEAD.
pub(in crate::api) async fn presign_head(
    s3: &aws_sdk_s3::Client,
    object: &SourceFile,
    version: Option<String>,
    validity: Validity,
) -> Result<String, ApiError> {
    let request = s3.head_object().bucket(&object.bucket).key(&object.key).set_version_id(version);
    let presigned =
        request.presigned(validity.configuration()?).await.map_err(|error| cannot_sign(&error))?;
    Ok(presigned.uri().to_owned())
}

/// A delete marker in place of the object answers 404 too.
fn is_not_there(error: &SdkError<HeadObjectError>) -> bool {
    error.raw_response().is_some_and(|response| response.status().as_u16() == 404)
}

fn headers_of(head: &HeadObjectOutput) -> Response {
    let size = head.content_length().map(|size| size.to_string());
    let modified =
        head.last_modified().and_then(|time| time.fmt(aws_sdk_s3::primitives::DateTimeFormat::HttpDate).ok());
    let headers = [
        ("Content-Type", head.content_type().map(str::to_owned)),
        ("Content-Length", size.clone()),
        (OBJECT_SIZE_HEADER, size),
        ("ETag", head.e_tag().map(str::to_owned)),
        ("Last-Modified", modified),
        ("Accept-Ranges", Some(head.accept_ranges().unwrap_or("bytes").to_owned())),
        ("Cache-Control", head.cache_control().map(str::to_owned)),
        ("Content-Encoding", head.content_encoding().map(str::to_owned)),
        ("Content-Disposition", head.content_disposition().map(str::to_owned)),
    ];
    let present = headers.into_iter().filter_map(|(name, value)| Some((name, value?)));
    present.fold(Response::empty(200), |response, (name, value)| response.header(name, value))
}

/// Signing calls no service; all that can be missing are credentials.
fn cannot_sign<E: ProvideErrorMetadata>(error: &SdkError<E>) -> ApiError {
    ApiError::Unavailable(failure("a presigned request", error))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use aws_sdk_s3::config::{Credentials, Region};

    use super::super::super::packages::SourceFile;
    use super::{LIFETIME, Validity, at, presign_head};

    #[tokio::test]
    async fn a_url_is_good_from_the_given_second_on_in_the_given_region() {
        let configuration = aws_sdk_s3::Config::builder()
            .behavior_version(aws_sdk_s3::config::BehaviorVersion::latest())
            .region(Region::new("eu-west-1"))
            .credentials_provider(Credentials::new("AKID", "secret", None, None, "test"))
            .build();
        let object = SourceFile { bucket: "bucket".to_owned(), key: "a b".to_owned() };
        let validity = Validity::new(1_767_225_600, Duration::from_secs(7), None).unwrap();
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
    fn a_url_does_not_outlive_the_credentials_that_sign_it() {
        let now = 1_767_225_600;
        let until = |expiry: Option<i64>| Validity::new(now, LIFETIME, expiry.map(at));
        let lives = |expiry| until(expiry).map(|validity| validity.expires_at() - now).ok();
        assert_eq!(lives(None), Some(3600));
        assert_eq!(lives(Some(now + 6 * 3600)), Some(3600));
        assert_eq!(lives(Some(now + 600)), Some(600));
        assert_eq!(lives(Some(now)), None);
        assert_eq!(lives(Some(now - 1)), None);
    }
}
