//! Responds to a viewer's request as CloudFront would.

use std::net::IpAddr;

use axum::body::Body;
use axum::response::Response;
use chrono::Utc;
use http::header::{CONTENT_LENGTH, HOST, TRANSFER_ENCODING, VIA};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use uuid::Uuid;

use super::Edge;
use super::authorization::authorize;
use super::credentials::Credentials;
use super::distribution::{Behavior, ReadError};
use super::object::{self, ObjectRequest, X_CACHE};
use super::origin::preflight::{self, PreflightResponse};
use super::origin::{OriginError, key_of};
use super::page;
use super::policy::Access;

/// CloudFront's limit for a URL, in bytes. The status of a longer one is 413.
///
/// See
/// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/RequestAndResponseBehaviorS3Origin.html#RequestS3MaxRequestStringLength>.
const LONGEST_URL: usize = 8192;

/// CloudFront's limit for the path, the query string and the headers together, in bytes. The status is the same.
const LARGEST_REQUEST: usize = 20_480;

const CF_ID: HeaderName = HeaderName::from_static("x-amz-cf-id");

/// Responds to a request. Rejections and failures become responses too.
pub(super) async fn handle(edge: &Edge, request: &Parts, source: IpAddr) -> Response {
    let distribution = match edge.distribution().await {
        Ok(distribution) => distribution,
        Err(error) => {
            if !matches!(error, ReadError::NothingDeployed) {
                tracing::warn!(%error, "the edge could not read the distribution");
            }
            let page = page::page(StatusCode::SERVICE_UNAVAILABLE, &error.to_string());
            return finish(page, &request.method);
        }
    };
    let path = distribution.object_path(request.uri.path());
    let behavior = distribution.behavior(&path);
    let mut response = serve(edge, behavior, &path, request, source).await;
    if let Some(policy) = &behavior.response_headers {
        policy.apply(&request.method, &request.headers, response.headers_mut());
    }
    finish(response, &request.method)
}

async fn serve(edge: &Edge, behavior: &Behavior, path: &str, request: &Parts, source: IpAddr) -> Response {
    if let Some(rejection) = check_size(request) {
        return rejection;
    }
    if !behavior.allowed_methods.contains(&request.method) {
        return page::page(
            StatusCode::FORBIDDEN,
            "This distribution is not configured to allow the HTTP request method that was used \
             for this request. The distribution supports only cachable requests.",
        );
    }
    if let Some(keys) = &behavior.trusted_keys {
        let Some(host) = request.headers.get(HOST).and_then(|host| host.to_str().ok()) else {
            return page::page(StatusCode::BAD_REQUEST, "Bad request.");
        };
        let (mut credentials, rest) = Credentials::split_query(request.uri.query().unwrap_or_default());
        // A signed URL takes precedence over signed cookies.
        if credentials.is_empty() {
            credentials = Credentials::from_cookies(&request.headers);
        }
        let separator = if rest.is_empty() { "" } else { "?" };
        let url = format!("http://{host}{}{separator}{rest}", request.uri.path());
        let access = Access { url: &url, time: Utc::now().timestamp(), source };
        if let Err(denial) = authorize(keys, &credentials, access) {
            return page::denied(denial);
        }
    }
    let Some(key) = key_of(&behavior.origin, path) else {
        return page::s3_error(
            StatusCode::FORBIDDEN,
            "AccessDenied",
            "Listing a bucket is not emulated locally",
        );
    };
    let object_request =
        ObjectRequest { behavior, key: &key, method: &request.method, headers: &request.headers };
    let served = match request.method {
        Method::GET | Method::HEAD => edge.store.serve(&object_request).await,
        Method::OPTIONS => options(edge, behavior, &request.headers).await,
        _ => {
            Ok(page::page(StatusCode::NOT_IMPLEMENTED, "The local edge emulates GET, HEAD and OPTIONS only."))
        }
    };
    served.unwrap_or_else(|error| match error {
        OriginError::NotFound(key) => page::no_such_key(&key),
        OriginError::Denied => page::s3_error(StatusCode::FORBIDDEN, "AccessDenied", "Access Denied"),
        OriginError::Unsatisfiable { content_range } => object::unsatisfiable(content_range.as_deref()),
        OriginError::Failed(_) => {
            tracing::warn!(%error, bucket = behavior.origin.bucket, key, "the origin failed");
            page::page(StatusCode::BAD_GATEWAY, "CloudFront wasn't able to reach the origin.")
        }
    })
}

/// Rejects a request that is too large, or a GET with a body.
///
/// See
/// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/RequestAndResponseBehaviorS3Origin.html#RequestS3-get-body>.
fn check_size(request: &Parts) -> Option<Response> {
    let url = request.uri.path_and_query().map_or(0, |url| url.as_str().len());
    let headers = request.headers.iter().map(|(name, value)| name.as_str().len() + value.len());
    if url > LONGEST_URL || url + headers.sum::<usize>() > LARGEST_REQUEST {
        let limits = "The URL is longer than 8192 bytes, or the request is larger than 20480 bytes.";
        return Some(page::page(StatusCode::PAYLOAD_TOO_LARGE, limits));
    }
    let has_body = request.headers.get(CONTENT_LENGTH).is_some_and(|length| length != "0")
        || request.headers.contains_key(TRANSFER_ENCODING);
    (request.method == Method::GET && has_body)
        .then(|| page::page(StatusCode::FORBIDDEN, "The request is a GET with a body."))
}

async fn options(edge: &Edge, behavior: &Behavior, headers: &HeaderMap) -> Result<Response, OriginError> {
    let forwarded = if behavior.forwards_preflight { headers.clone() } else { HeaderMap::new() };
    Ok(match preflight::evaluate_for_bucket(&edge.store.s3, &behavior.origin, &forwarded).await? {
        PreflightResponse::Allowed(headers) => {
            let mut response = Response::new(Body::empty());
            *response.headers_mut() = headers;
            response
        }
        PreflightResponse::Forbidden => page::s3_error(
            StatusCode::FORBIDDEN,
            "AccessForbidden",
            "CORSResponse: This CORS request is not allowed.",
        ),
        PreflightResponse::NoOrigin => page::s3_error(
            StatusCode::BAD_REQUEST,
            "BadRequest",
            "Insufficient information. Origin request header needed.",
        ),
    })
}

/// Adds the headers of all CloudFront responses, and removes the body of a response to HEAD.
fn finish(mut response: Response, method: &Method) -> Response {
    let failed = response.status().is_client_error() || response.status().is_server_error();
    let status = if failed { "Error from cloudfront" } else { "Miss from cloudfront" };
    let id = Uuid::new_v4().simple().to_string();
    let via = format!("1.1 {id}.cloudfront.net (CloudFront)");
    let headers = response.headers_mut();
    if failed || !headers.contains_key(X_CACHE) {
        headers.insert(X_CACHE, HeaderValue::from_static(status));
    }
    for (name, value) in [(VIA, via), (CF_ID, format!("{id}=="))] {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(name, value);
        }
    }
    if *method == Method::HEAD && !headers.contains_key(CONTENT_LENGTH) {
        *response.body_mut() = Body::empty();
    }
    response
}
