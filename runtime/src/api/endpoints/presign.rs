//! `GET|HEAD /presign/s3`.

use std::time::Duration;

use aws_sdk_s3::error::SdkError;
use aws_sdk_s3::operation::head_object::{HeadObjectError, HeadObjectOutput};
use aws_sdk_s3::primitives::DateTimeFormat;
use lambda_http::http::StatusCode;
use openapi::{AssetPath, Delivery, PackageNodeId, PresignParameters, PresignedObject};

use super::object_headers::ObjectHeaders;
use crate::api::admission::AdmittedDataset;
use crate::api::context::ApiContext;
use crate::api::error::ApiError;
use crate::api::packages::{S3Object, asset_prefix, source_file};
use crate::api::presigning::{Validity, presign_get, presign_head};
use crate::api::record::RequestRecord;
use crate::clock;
use crate::http::Response;
use crate::sdk_error::describe;

const LIFETIME: Duration = Duration::from_hours(1);

/// Presigns an object for GET.
pub(in crate::api) async fn get(
    context: &ApiContext,
    dataset: &AdmittedDataset,
    PresignParameters { package_id, path, redirect }: PresignParameters,
    record: &mut RequestRecord,
) -> Result<Response, ApiError> {
    record.package = Some(package_id.clone());
    let object = find_object(context, dataset, &package_id, path.as_ref()).await?;
    let validity = Validity::new(context, clock::unix_now(), LIFETIME).await?;
    let s3 = context.aws.s3_for_bucket(&object.bucket).await?;
    let presigned_url = presign_get(&s3, &object, validity).await?;
    Ok(match redirect {
        Delivery::Redirect => Response::redirect_to_signed(&presigned_url),
        Delivery::Inline => {
            let body = PresignedObject { presigned_url, expires_at: validity.expires_at() };
            Response::json(StatusCode::OK, &body).not_stored()
        }
    })
}

/// Presigns an object for HEAD, or returns its headers.
pub(in crate::api) async fn head(
    context: &ApiContext,
    dataset: &AdmittedDataset,
    PresignParameters { package_id, path, redirect }: PresignParameters,
    record: &mut RequestRecord,
) -> Result<Response, ApiError> {
    record.package = Some(package_id.clone());
    let object = find_object(context, dataset, &package_id, path.as_ref()).await?;
    let s3 = context.aws.s3_for_bucket(&object.bucket).await?;
    match redirect {
        Delivery::Redirect => {
            let validity = Validity::new(context, clock::unix_now(), LIFETIME).await?;
            Ok(Response::redirect_to_signed(&presign_head(&s3, &object, None, validity).await?))
        }
        Delivery::Inline => match s3.head_object().bucket(&object.bucket).key(&object.key).send().await {
            Ok(head) => Ok(headers_of(&head).into_response()),
            Err(error) if is_missing(&error) => Err(ApiError::NotFound("object".to_owned())),
            Err(error) => Err(ApiError::Unavailable(describe("HeadObject", &error))),
        },
    }
}

/// Returns the asset at `path`, or without it the newest source file.
async fn find_object(
    context: &ApiContext,
    dataset: &AdmittedDataset,
    package: &PackageNodeId,
    path: Option<&AssetPath>,
) -> Result<S3Object, ApiError> {
    let Some(path) = path else { return source_file(context, dataset, package).await };
    let bucket = context.settings.assets_bucket.clone()?;
    let prefix = asset_prefix(context, dataset, package).await?;
    let key = path.key(prefix).map_err(|error| ApiError::parameter("path", error))?;
    Ok(S3Object { bucket, key })
}

/// Returns whether the object does not exist, or a delete marker hides it.
fn is_missing(error: &SdkError<HeadObjectError>) -> bool {
    error.raw_response().is_some_and(|response| response.status().as_u16() == 404)
}

fn headers_of(head: &HeadObjectOutput) -> ObjectHeaders {
    ObjectHeaders {
        content_type: head.content_type().map(str::to_owned),
        size: head.content_length().map(|size| size.to_string()),
        etag: head.e_tag().map(str::to_owned),
        last_modified: head.last_modified().and_then(|time| time.fmt(DateTimeFormat::HttpDate).ok()),
        accept_ranges: Some(head.accept_ranges().unwrap_or("bytes").to_owned()),
        cache_control: head.cache_control().map(str::to_owned),
        content_encoding: head.content_encoding().map(str::to_owned),
        content_disposition: head.content_disposition().map(str::to_owned),
    }
}
