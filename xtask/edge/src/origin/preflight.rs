//! S3's response to a preflight, from the CORS rules of the bucket.
//!
//! CloudFront forwards OPTIONS to the origin. A response headers policy only adds headers to the origin's response
//! and does not turn a rejection into an approval. A preflight therefore succeeds if the behavior forwards `Origin`
//! and the `Access-Control-Request-*` headers (the managed policy `CORS-S3Origin` does) and the bucket's rules allow
//! the request. See
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/cors.html>.

use aws_sdk_s3::Client;
use aws_sdk_s3::types::CorsRule;
use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_HEADERS,
    ACCESS_CONTROL_REQUEST_METHOD, ORIGIN,
};
use http::{HeaderMap, HeaderName};

use super::{Origin, OriginError, failed, patiently};
use crate::wildcard;

/// S3's response to a preflight.
#[derive(Debug, PartialEq, Eq)]
pub enum PreflightResponse {
    /// 200 with these headers.
    Allowed(HeaderMap),
    /// 403: no rule of the bucket allows the request.
    Forbidden,
    /// 400: the request has no `Origin`, so it is not a preflight.
    NoOrigin,
}

/// Evaluates the bucket's CORS rules for the forwarded headers.
pub async fn evaluate_for_bucket(
    client: &Client,
    origin: &Origin,
    forwarded: &HeaderMap,
) -> Result<PreflightResponse, OriginError> {
    if !forwarded.contains_key(ORIGIN) {
        return Ok(PreflightResponse::NoOrigin);
    }
    let request = client.get_bucket_cors().bucket(&origin.bucket).send();
    match patiently(request).await? {
        Ok(found) => Ok(evaluate(found.cors_rules(), forwarded)),
        Err(error) if error.as_service_error().is_some() => Ok(PreflightResponse::Forbidden),
        Err(error) => Err(failed(&error)),
    }
}

fn evaluate(rules: &[CorsRule], forwarded: &HeaderMap) -> PreflightResponse {
    let text =
        |name: HeaderName| forwarded.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let origin = text(ORIGIN);
    let method = text(ACCESS_CONTROL_REQUEST_METHOD);
    let requested: Vec<String> = text(ACCESS_CONTROL_REQUEST_HEADERS)
        .split(',')
        .map(|name| name.trim().to_ascii_lowercase())
        .filter(|name| !name.is_empty())
        .collect();
    let allows = |rule: &&CorsRule| {
        rule.allowed_origins().iter().any(|allowed| wildcard::matches(allowed, origin))
            && rule.allowed_methods().iter().any(|allowed| allowed == method)
            && requested.iter().all(|name| {
                rule.allowed_headers()
                    .iter()
                    .any(|allowed| wildcard::matches(&allowed.to_ascii_lowercase(), name))
            })
    };
    let Some(rule) = rules.iter().find(allows) else {
        return PreflightResponse::Forbidden;
    };
    let any = rule.allowed_origins().iter().any(|allowed| allowed == "*");
    let headers = [
        (ACCESS_CONTROL_ALLOW_ORIGIN, if any { "*".to_owned() } else { origin.to_owned() }),
        (ACCESS_CONTROL_ALLOW_METHODS, rule.allowed_methods().join(", ")),
        (ACCESS_CONTROL_ALLOW_HEADERS, requested.join(", ")),
        (ACCESS_CONTROL_EXPOSE_HEADERS, rule.expose_headers().join(", ")),
        (
            ACCESS_CONTROL_MAX_AGE,
            rule.max_age_seconds().map(|seconds| seconds.to_string()).unwrap_or_default(),
        ),
    ];
    PreflightResponse::Allowed(
        headers
            .into_iter()
            .filter(|(_, value)| !value.is_empty())
            .filter_map(|(name, value)| Some((name, value.parse().ok()?)))
            .collect(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule() -> CorsRule {
        CorsRule::builder()
            .allowed_origins("https://*.pennsieve.io")
            .allowed_methods("GET")
            .allowed_methods("HEAD")
            .allowed_headers("Range")
            .allowed_headers("x-amz-*")
            .expose_headers("ETag")
            .max_age_seconds(600)
            .build()
            .unwrap()
    }

    fn ask(origin: &str, method: &str, headers: &str) -> PreflightResponse {
        let forwarded = [
            (ORIGIN, origin),
            (ACCESS_CONTROL_REQUEST_METHOD, method),
            (ACCESS_CONTROL_REQUEST_HEADERS, headers),
        ];
        let forwarded = forwarded.into_iter().map(|(name, value)| (name, value.parse().unwrap())).collect();
        evaluate(&[rule()], &forwarded)
    }

    #[test]
    fn rule_must_allow_origin_method_and_every_header() {
        let PreflightResponse::Allowed(headers) = ask("https://app.pennsieve.io", "GET", "range, X-Amz-Date")
        else {
            panic!("not allowed");
        };
        assert_eq!(headers[ACCESS_CONTROL_ALLOW_ORIGIN], "https://app.pennsieve.io");
        assert_eq!(headers[ACCESS_CONTROL_ALLOW_METHODS], "GET, HEAD");
        assert_eq!(headers[ACCESS_CONTROL_ALLOW_HEADERS], "range, x-amz-date");
        assert_eq!(headers[ACCESS_CONTROL_MAX_AGE], "600");
        assert_eq!(ask("https://evil.test", "GET", ""), PreflightResponse::Forbidden);
        assert_eq!(ask("https://app.pennsieve.io", "PUT", ""), PreflightResponse::Forbidden);
        assert_eq!(ask("https://app.pennsieve.io", "GET", "if-match"), PreflightResponse::Forbidden);
    }
}
