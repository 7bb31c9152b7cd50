//! `GET|HEAD /proxy/s3`.
//!
//! It has no claims: the presigned URL is its own authorization.

use std::time::Duration;

use aws_sdk_s3::config::Region;
use openapi::{Delivery, ProxyHeadParameters, ProxyParameters, UrlParameter};
use reqwest::StatusCode;
use reqwest::header::{self, HeaderMap, HeaderName, HeaderValue};

use super::object_headers::ObjectHeaders;
use crate::api::context::ApiContext;
use crate::api::error::ApiError;
use crate::api::packages::S3Object;
use crate::api::presigning::{Validity, presign_head};
use crate::api::s3_url::{PresignedUrl, S3UrlError, S3UrlRules};
use crate::clock;
use crate::configuration::AllowedBuckets;
use crate::http::Response;
use crate::telemetry;

/// The maximum lifetime of a URL that this endpoint presigns for HEAD.
const MAXIMUM_HEAD_LIFETIME: Duration = Duration::from_mins(5);

/// Redirects to a valid presigned URL, unchanged.
pub(in crate::api) fn get(
    context: &ApiContext,
    ProxyParameters { presigned_url }: &ProxyParameters,
) -> Result<Response, ApiError> {
    Ok(Response::redirect_to_signed(check(context, presigned_url)?.as_str()))
}

/// Redirects to a HEAD-presigned URL of the same object, or returns its headers.
///
/// S3 checks the signature first. The function uses its own credentials only for an object that the caller
/// has access to.
pub(in crate::api) async fn head(
    context: &ApiContext,
    ProxyHeadParameters { presigned_url, redirect }: &ProxyHeadParameters,
) -> Result<Response, ApiError> {
    let presigned = check(context, presigned_url)?;
    let headers = read_headers(context, &presigned).await?;
    match redirect {
        Delivery::Inline => Ok(headers.into_response()),
        Delivery::Redirect => redirect_to_head(context, &presigned).await,
    }
}

/// Checks a URL by the rules of the environment.
fn check(context: &ApiContext, url: &UrlParameter) -> Result<PresignedUrl, ApiError> {
    // Parameters are checked before the configuration, also if that has no buckets.
    let configured = context.settings.proxy_buckets.as_ref();
    let rules = S3UrlRules {
        allowed_buckets: configured.unwrap_or(&AllowedBuckets::Any),
        endpoint: context.settings.common.s3_endpoint.as_deref(),
    };
    let url = PresignedUrl::parse(url.as_str(), &rules, clock::unix_now())
        .map_err(|error| ApiError::parameter("presigned_url", error))?;
    configured.map_err(Clone::clone)?;
    Ok(url)
}

/// Redirects to a HEAD-presigned URL that does not outlive the given one.
async fn redirect_to_head(context: &ApiContext, presigned: &PresignedUrl) -> Result<Response, ApiError> {
    // One reading of the clock for the remaining time and for the signature.
    let now = clock::unix_now();
    let remaining = u64::try_from(presigned.expires_at() - now).unwrap_or_default();
    if remaining == 0 {
        return Err(ApiError::parameter("presigned_url", S3UrlError::Expired));
    }
    let object = S3Object { bucket: presigned.bucket().to_owned(), key: presigned.key().to_owned() };
    let lifetime = Duration::from_secs(remaining).min(MAXIMUM_HEAD_LIFETIME);
    let validity = Validity::new(context, now, lifetime).await?;
    // S3 has just accepted this region. The name of the bucket may not show it.
    let s3 = context.aws.s3_in(Region::new(presigned.region().to_owned())).await;
    let version = presigned.version_id().map(str::to_owned);
    Ok(Response::redirect_to_signed(&presign_head(&s3, &object, version, validity).await?))
}

/// Reads the headers of an object by requesting its first byte.
///
/// The signature of the caller is valid only for GET.
///
/// An empty object has no first byte, and the error of S3 does not contain its headers. It is requested as a
/// whole.
async fn read_headers(context: &ApiContext, presigned: &PresignedUrl) -> Result<ObjectHeaders, ApiError> {
    let first_byte = HeaderMap::from_iter([(header::RANGE, HeaderValue::from_static("bytes=0-0"))]);
    let mut response = request(context, presigned, first_byte).await?;
    if response.status() == StatusCode::RANGE_NOT_SATISFIABLE {
        response = request(context, presigned, HeaderMap::new()).await?;
    }
    match response.status().as_u16() {
        200 | 206 => Ok(headers_of(response.headers())),
        403 => Err(ApiError::RejectedByS3),
        404 => Err(ApiError::NotFound("object".to_owned())),
        status if status < 500 => {
            Err(ApiError::parameter("presigned_url", format_args!("is refused by S3 with status {status}")))
        }
        status => Err(ApiError::Unavailable(format!("S3 responded with status {status}"))),
    }
}

async fn request(
    context: &ApiContext,
    presigned: &PresignedUrl,
    headers: HeaderMap,
) -> Result<reqwest::Response, ApiError> {
    let request = context.http.get(presigned.as_str(), headers);
    let status_of = |response: &reqwest::Response| response.status().as_u16();
    let response = telemetry::http_call("S3", status_of, request).await;
    // The URL is a secret, and an error of reqwest displays it.
    response.map_err(|error| ApiError::Unavailable(error.without_url().to_string()))
}

/// Returns the headers of an object from a response to a GET.
fn headers_of(headers: &HeaderMap) -> ObjectHeaders {
    let text = |name: HeaderName| headers.get(name)?.to_str().ok().map(str::to_owned);
    let total = text(header::CONTENT_RANGE).and_then(|range| Some(range.rsplit_once('/')?.1.to_owned()));
    ObjectHeaders {
        content_type: text(header::CONTENT_TYPE),
        size: total.or_else(|| text(header::CONTENT_LENGTH)),
        etag: text(header::ETAG),
        last_modified: text(header::LAST_MODIFIED),
        accept_ranges: Some("bytes".to_owned()),
        cache_control: text(header::CACHE_CONTROL),
        content_encoding: text(header::CONTENT_ENCODING),
        content_disposition: text(header::CONTENT_DISPOSITION),
    }
}

#[cfg(test)]
mod tests;
