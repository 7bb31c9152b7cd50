//! `GET|HEAD /proxy/s3`: no claims; the presigned URL is its own authority.

use std::time::Duration;

use aws_sdk_s3::config::Region;
use chrono::Utc;
use openapi::OBJECT_SIZE_HEADER;
use reqwest::StatusCode;
use reqwest::header::{self, HeaderMap, HeaderName, HeaderValue};

use super::super::error::ApiError;
use super::super::packages::SourceFile;
use super::super::response::Response;
use super::super::s3_url::{PresignedUrl, S3UrlError, S3UrlRules};
use super::super::{ApiFunction, Request};
use super::presign::presign_head;
use crate::configuration::AllowedBuckets;

/// The longest that a HEAD-presigned URL of ours may live.
const MAXIMUM_HEAD_LIFETIME: Duration = Duration::from_mins(5);

impl ApiFunction {
    /// Redirect to a valid presigned URL, byte for byte.
    pub(in crate::api) fn proxy_object(&self, request: &Request) -> Result<Response, ApiError> {
        let presigned = self.presigned_url(request)?;
        Ok(Response::redirect_to_signed(presigned.as_str().to_owned()))
    }

    /// Redirect to a HEAD-presigned URL of the same object, or answer with its headers, after S3 itself has accepted the
    /// URL: our own credentials are never used for an object that the caller has not proved access to.
    pub(in crate::api) async fn proxy_object_head(&self, request: &Request) -> Result<Response, ApiError> {
        let declines_redirect = request.query.declines_redirect()?;
        let presigned = self.presigned_url(request)?;
        let headers = self.ask_s3(&presigned).await?;
        if declines_redirect {
            return Ok(headers
                .into_iter()
                .fold(Response::empty(200), |response, (name, value)| response.header(name, value)));
        }
        // One clock reading for the rest of the life and for the signature, so that ours cannot outlive the given one.
        let now = Utc::now().timestamp();
        let remaining = u64::try_from(presigned.expires_at() - now).unwrap_or_default();
        if remaining == 0 {
            return Err(ApiError::parameter("presigned_url", S3UrlError::Expired));
        }
        let object = SourceFile { bucket: presigned.bucket().to_owned(), key: presigned.key().to_owned() };
        let lifetime = Duration::from_secs(remaining).min(MAXIMUM_HEAD_LIFETIME);
        let validity = self.validity(now, lifetime).await?;
        // S3 has just accepted this region; the bucket's name tells no more than the platform's own habits.
        let s3 = self.aws.s3_in(Region::new(presigned.region().to_owned())).await;
        let version = presigned.version_id().map(str::to_owned);
        Ok(Response::redirect_to_signed(presign_head(&s3, &object, version, validity).await?))
    }

    fn presigned_url(&self, request: &Request) -> Result<PresignedUrl, ApiError> {
        let url = request.query.required("presigned_url")?;
        // Parameters come before the configuration, also where that has no buckets.
        let configured = self.settings.proxy_buckets.as_ref();
        let rules = S3UrlRules {
            allowed_buckets: configured.unwrap_or(&AllowedBuckets::Any),
            endpoint: self.settings.common.s3_endpoint.as_deref(),
        };
        let url = PresignedUrl::parse(url, &rules, Utc::now().timestamp())
            .map_err(|error| ApiError::parameter("presigned_url", error))?;
        configured.map_err(Clone::clone)?;
        Ok(url)
    }

    /// Ask S3 for one byte with the caller's own signature, which is good for GET only. An empty object has no first
    /// byte, and S3's error for that has none of its headers, so that it is asked for as a whole.
    async fn ask_s3(&self, presigned: &PresignedUrl) -> Result<Vec<(&'static str, String)>, ApiError> {
        let first_byte = HeaderMap::from_iter([(header::RANGE, HeaderValue::from_static("bytes=0-0"))]);
        let mut answer = self.get_from_s3(presigned, first_byte).await?;
        if answer.status() == StatusCode::RANGE_NOT_SATISFIABLE {
            answer = self.get_from_s3(presigned, HeaderMap::new()).await?;
        }
        match answer.status().as_u16() {
            200 | 206 => Ok(object_headers(answer.headers())),
            403 => Err(ApiError::RefusedByS3),
            404 => Err(ApiError::NotFound("object".to_owned())),
            status if status < 500 => Err(ApiError::parameter(
                "presigned_url",
                format_args!("is refused by S3 with status {status}"),
            )),
            status => Err(ApiError::Unavailable(format!("S3 answered {status}"))),
        }
    }

    async fn get_from_s3(
        &self,
        presigned: &PresignedUrl,
        headers: HeaderMap,
    ) -> Result<reqwest::Response, ApiError> {
        let answer = self.http.get(presigned.as_str(), headers).await;
        // The URL is a secret, and reqwest's errors would print it.
        answer.map_err(|error| ApiError::Unavailable(error.without_url().to_string()))
    }
}

/// The object's own headers, out of an answer for its first byte or for all of it.
fn object_headers(headers: &HeaderMap) -> Vec<(&'static str, String)> {
    let text = |name: &HeaderName| headers.get(name)?.to_str().ok().map(str::to_owned);
    let total = text(&header::CONTENT_RANGE).and_then(|range| Some(range.rsplit_once('/')?.1.to_owned()));
    let size = total.or_else(|| text(&header::CONTENT_LENGTH));
    [
        ("Content-Type", text(&header::CONTENT_TYPE)),
        ("Content-Length", size.clone()),
        (OBJECT_SIZE_HEADER, size),
        ("ETag", text(&header::ETAG)),
        ("Last-Modified", text(&header::LAST_MODIFIED)),
        ("Accept-Ranges", Some("bytes".to_owned())),
        ("Cache-Control", text(&header::CACHE_CONTROL)),
        ("Content-Encoding", text(&header::CONTENT_ENCODING)),
        ("Content-Disposition", text(&header::CONTENT_DISPOSITION)),
    ]
    .into_iter()
    .filter_map(|(name, value)| Some((name, value?)))
    .collect()
}

#[cfg(test)]
mod tests;
