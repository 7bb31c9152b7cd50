//! `GET|HEAD /presign/s3`.

use std::time::Duration;

use aws_sdk_s3::error::{DisplayErrorContext, SdkError};
use aws_sdk_s3::operation::head_object::{HeadObjectError, HeadObjectOutput};
use aws_sdk_s3::presigning::PresigningConfig;
use chrono::Utc;
use openapi::PresignedObject;

use super::error::ApiError;
use super::packages::SourceFile;
use super::response::Response;
use super::{AdmittedDataset, ApiFunction, Request};

/// How long a presigned URL is good for.
const LIFETIME: Duration = Duration::from_hours(1);

impl ApiFunction {
    /// Presign an object for GET.
    pub(super) async fn presign_object(
        &self,
        request: &Request,
        dataset: AdmittedDataset,
    ) -> Result<Response, ApiError> {
        let declines_redirect = request.query.declines_redirect()?;
        let object = self.object_of(request, &dataset).await?;
        let expires_at = Utc::now().timestamp() + LIFETIME.as_secs().cast_signed();
        let presigned_url = self.presign_get(&object).await?;
        if declines_redirect {
            Ok(Response::json(200, &PresignedObject { presigned_url, expires_at }).not_stored())
        } else {
            Ok(Response::redirect_to_signed(presigned_url))
        }
    }

    /// Presign an object for HEAD, or answer with its headers.
    pub(super) async fn presign_object_head(
        &self,
        request: &Request,
        dataset: AdmittedDataset,
    ) -> Result<Response, ApiError> {
        let declines_redirect = request.query.declines_redirect()?;
        let object = self.object_of(request, &dataset).await?;
        if declines_redirect {
            return self.object_headers(&object).await;
        }
        Ok(Response::redirect_to_signed(self.presign_head(&object, None, LIFETIME).await?))
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

    async fn presign_get(&self, object: &SourceFile) -> Result<String, ApiError> {
        let s3 = self.aws.s3_for_bucket(&object.bucket).await;
        let request = s3.get_object().bucket(&object.bucket).key(&object.key);
        let presigned = request.presigned(lifetime(LIFETIME)?).await.map_err(|error| cannot_sign(&error))?;
        Ok(presigned.uri().to_owned())
    }

    /// S3 signs the method, so a URL for GET would be refused for HEAD.
    pub(super) async fn presign_head(
        &self,
        object: &SourceFile,
        version: Option<String>,
        duration: Duration,
    ) -> Result<String, ApiError> {
        let s3 = self.aws.s3_for_bucket(&object.bucket).await;
        let request = s3.head_object().bucket(&object.bucket).key(&object.key).set_version_id(version);
        let presigned = request.presigned(lifetime(duration)?).await.map_err(|error| cannot_sign(&error))?;
        Ok(presigned.uri().to_owned())
    }

    async fn object_headers(&self, object: &SourceFile) -> Result<Response, ApiError> {
        let s3 = self.aws.s3_for_bucket(&object.bucket).await;
        let head = s3.head_object().bucket(&object.bucket).key(&object.key).send().await;
        match head {
            Ok(head) => Ok(headers_of(&head)),
            Err(error) if is_not_there(&error) => Err(ApiError::NotFound("object".to_owned())),
            Err(error) => Err(ApiError::Unavailable(format!("HeadObject: {}", DisplayErrorContext(error)))),
        }
    }
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
        ("X-Object-Content-Length", size),
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

fn lifetime(duration: Duration) -> Result<PresigningConfig, ApiError> {
    PresigningConfig::expires_in(duration).map_err(|error| ApiError::internal(error.to_string()))
}

/// Signing calls no service; all that can be missing are credentials.
fn cannot_sign(error: &(impl std::error::Error + 'static)) -> ApiError {
    ApiError::Unavailable(format!("cannot presign: {}", DisplayErrorContext(error)))
}
