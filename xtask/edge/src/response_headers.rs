//! Response headers policies: CORS, security and custom headers.
//!
//! See <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/understanding-response-headers-policies.html>.

use aws_sdk_cloudfront::types::{
    ResponseHeadersPolicyAccessControlAllowMethods, ResponseHeadersPolicyConfig,
    ResponseHeadersPolicyCorsConfig, ResponseHeadersPolicyCustomHeadersConfig,
    ResponseHeadersPolicyRemoveHeadersConfig, ResponseHeadersPolicySecurityHeadersConfig,
};
use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE,
    ACCESS_CONTROL_REQUEST_METHOD, CONTENT_SECURITY_POLICY, ORIGIN, REFERRER_POLICY,
    STRICT_TRANSPORT_SECURITY, VARY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS, X_XSS_PROTECTION,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method};

use super::wildcard;

const ANY_ORIGIN: HeaderValue = HeaderValue::from_static("*");

/// A response headers policy, ready to be applied.
#[derive(Debug, Default)]
pub struct ResponseHeaders {
    cors: Option<Cors>,
    fixed: Vec<Fixed>,
    removed: Vec<HeaderName>,
}

#[derive(Debug)]
struct Fixed {
    name: HeaderName,
    value: HeaderValue,
    overrides: bool,
}

#[derive(Debug)]
struct Cors {
    origins: Vec<String>,
    credentials: bool,
    expose: Option<HeaderValue>,
    allow_headers: Option<HeaderValue>,
    allow_methods: Option<HeaderValue>,
    max_age: Option<HeaderValue>,
    overrides: bool,
}

impl ResponseHeaders {
    /// Applies the policy to the headers of a response to `method` with these request headers.
    pub fn apply(&self, method: &Method, request: &HeaderMap, response: &mut HeaderMap) {
        for name in &self.removed {
            response.remove(name);
        }
        if let Some(cors) = &self.cors {
            cors.apply(method, request, response);
        }
        for header in &self.fixed {
            set(response, &header.name, &header.value, header.overrides);
        }
    }
}

impl Cors {
    /// Adds CORS headers to responses to CORS requests, which are those with an `Origin`.
    ///
    /// All other responses get `Vary: Origin`. Without it, a browser would reuse the cached response to an `<img>`
    /// for a `fetch` of the same URL, find no CORS headers, and reject it. CloudFront sends `Vary: Origin` on a plain
    /// request. It sends no `Vary` at all if `*` allows the origin of the request, whatever the origin server or the
    /// policy's own headers say: <https://github.com/ttoss/ttoss/pull/1205>,
    /// <https://github.com/ttoss/ttoss/pull/1206>.
    fn apply(&self, method: &Method, request: &HeaderMap, response: &mut HeaderMap) {
        let Some(allowed) = self.allowed_origin(request) else {
            response.insert(VARY, HeaderValue::from_static("Origin"));
            return;
        };
        if allowed == ANY_ORIGIN {
            response.remove(VARY);
        } else {
            response.insert(VARY, HeaderValue::from_static("Origin"));
        }
        let mut put = |name: HeaderName, value: &HeaderValue| {
            set(response, &name, value, self.overrides);
        };
        put(ACCESS_CONTROL_ALLOW_ORIGIN, &allowed);
        if self.credentials {
            put(ACCESS_CONTROL_ALLOW_CREDENTIALS, &HeaderValue::from_static("true"));
        }
        let preflight = *method == Method::OPTIONS && request.contains_key(ACCESS_CONTROL_REQUEST_METHOD);
        let rest = if preflight {
            [
                (ACCESS_CONTROL_ALLOW_METHODS, &self.allow_methods),
                (ACCESS_CONTROL_ALLOW_HEADERS, &self.allow_headers),
                (ACCESS_CONTROL_MAX_AGE, &self.max_age),
            ]
            .into_iter()
            .collect()
        } else {
            vec![(ACCESS_CONTROL_EXPOSE_HEADERS, &self.expose)]
        };
        for (name, value) in rest {
            if let Some(value) = value {
                put(name, value);
            }
        }
    }

    /// Returns the allowed origin for the response.
    ///
    /// It is `*`, the origin of the request, or `None` if that is absent or not allowed.
    fn allowed_origin(&self, request: &HeaderMap) -> Option<HeaderValue> {
        let origin = request.get(ORIGIN)?;
        let any = self.origins.iter().any(|allowed| allowed == "*");
        if any && !self.credentials {
            return Some(ANY_ORIGIN);
        }
        let is_listed = |origin: &str| self.origins.iter().any(|allowed| origin_matches(allowed, origin));
        (any || origin.to_str().is_ok_and(is_listed)).then(|| origin.clone())
    }
}

/// Returns whether an entry of a policy matches an origin.
///
/// An entry is an origin or a host, and its leftmost part can be `*`. An entry without a scheme matches both schemes.
fn origin_matches(allowed: &str, origin: &str) -> bool {
    let host = origin.split_once("://").map_or(origin, |(_, host)| host);
    let found = if allowed.contains("://") { origin } else { host };
    wildcard::matches(allowed, found)
}

fn set(response: &mut HeaderMap, name: &HeaderName, value: &HeaderValue, overrides: bool) {
    if overrides || !response.contains_key(name) {
        response.insert(name.clone(), value.clone());
    }
}

impl From<&ResponseHeadersPolicyConfig> for ResponseHeaders {
    fn from(config: &ResponseHeadersPolicyConfig) -> Self {
        let mut fixed = config.security_headers_config().map(security).unwrap_or_default();
        let custom = config
            .custom_headers_config()
            .map(ResponseHeadersPolicyCustomHeadersConfig::items)
            .unwrap_or_default();
        fixed.extend(
            custom
                .iter()
                .filter_map(|header| fixed_header(header.header(), header.value(), header.r#override())),
        );
        let removed = config
            .remove_headers_config()
            .map(ResponseHeadersPolicyRemoveHeadersConfig::items)
            .unwrap_or_default();
        Self {
            cors: config.cors_config().map(Cors::from),
            fixed,
            removed: removed.iter().filter_map(|header| header.header().parse().ok()).collect(),
        }
    }
}

impl From<&ResponseHeadersPolicyCorsConfig> for Cors {
    fn from(config: &ResponseHeadersPolicyCorsConfig) -> Self {
        let list = |items: &[String]| (!items.is_empty()).then(|| items.join(", ").parse().ok()).flatten();
        let methods: Vec<String> = config
            .access_control_allow_methods()
            .map(ResponseHeadersPolicyAccessControlAllowMethods::items)
            .unwrap_or_default()
            .iter()
            .flat_map(|method| match method.as_str() {
                "ALL" => vec!["GET", "DELETE", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"],
                one => vec![one],
            })
            .map(str::to_owned)
            .collect();
        Self {
            origins: config
                .access_control_allow_origins()
                .map(|all| all.items().to_vec())
                .unwrap_or_default(),
            credentials: config.access_control_allow_credentials(),
            expose: config.access_control_expose_headers().and_then(|all| list(all.items())),
            allow_headers: config.access_control_allow_headers().and_then(|all| list(all.items())),
            allow_methods: list(&methods),
            max_age: config.access_control_max_age_sec().map(HeaderValue::from),
            overrides: config.origin_override(),
        }
    }
}

fn fixed_header(name: &str, value: &str, overrides: bool) -> Option<Fixed> {
    Some(Fixed { name: name.parse().ok()?, value: value.parse().ok()?, overrides })
}

fn security(config: &ResponseHeadersPolicySecurityHeadersConfig) -> Vec<Fixed> {
    let content_type = config
        .content_type_options()
        .map(|header| fixed_header(X_CONTENT_TYPE_OPTIONS.as_str(), "nosniff", header.r#override()));
    let frame = config.frame_options().map(|header| {
        fixed_header(X_FRAME_OPTIONS.as_str(), header.frame_option().as_str(), header.r#override())
    });
    let referrer = config.referrer_policy().map(|header| {
        let value = header.referrer_policy().as_str();
        fixed_header(REFERRER_POLICY.as_str(), value, header.r#override())
    });
    let content = config.content_security_policy().map(|header| {
        let value = header.content_security_policy();
        fixed_header(CONTENT_SECURITY_POLICY.as_str(), value, header.r#override())
    });
    let transport = config.strict_transport_security().map(|header| {
        let mut value = format!("max-age={}", header.access_control_max_age_sec());
        if header.include_subdomains() == Some(true) {
            value.push_str("; includeSubDomains");
        }
        if header.preload() == Some(true) {
            value.push_str("; preload");
        }
        fixed_header(STRICT_TRANSPORT_SECURITY.as_str(), &value, header.r#override())
    });
    let protection = config.xss_protection().map(|header| {
        let mut value = String::from(if header.protection() { "1" } else { "0" });
        if header.mode_block() == Some(true) {
            value.push_str("; mode=block");
        } else if let Some(report) = header.report_uri() {
            value = format!("{value}; report={report}");
        }
        fixed_header(X_XSS_PROTECTION.as_str(), &value, header.r#override())
    });
    [content_type, frame, referrer, content, transport, protection].into_iter().flatten().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(origins: &[&str], credentials: bool, overrides: bool) -> ResponseHeaders {
        ResponseHeaders {
            cors: Some(Cors {
                origins: origins.iter().map(|&origin| origin.to_owned()).collect(),
                credentials,
                expose: Some(HeaderValue::from_static("ETag, Content-Range")),
                allow_headers: Some(HeaderValue::from_static("Range")),
                allow_methods: Some(HeaderValue::from_static("GET, HEAD, OPTIONS")),
                max_age: Some(HeaderValue::from_static("600")),
                overrides,
            }),
            fixed: fixed_header("X-Frame-Options", "DENY", false).into_iter().collect(),
            removed: vec![http::header::SERVER],
        }
    }

    fn respond(
        policy: &ResponseHeaders,
        method: &Method,
        request: &[(&'static str, &'static str)],
        response: &[(&'static str, &'static str)],
    ) -> HeaderMap {
        let headers = |pairs: &[(&'static str, &'static str)]| -> HeaderMap {
            pairs
                .iter()
                .map(|&(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
                .collect()
        };
        let mut response = headers(response);
        policy.apply(method, &headers(request), &mut response);
        response
    }

    #[test]
    fn only_cors_requests_get_cors_headers() {
        let policy = policy(&["*"], false, true);
        let found = respond(&policy, &Method::GET, &[], &[("server", "AmazonS3")]);
        assert_eq!(found.len(), 2);
        assert_eq!(found["x-frame-options"], "DENY");
        assert_eq!(found["vary"], "Origin");

        let found = respond(&policy, &Method::GET, &[("origin", "https://a.test")], &[]);
        assert_eq!(found["access-control-allow-origin"], "*");
        assert_eq!(found["access-control-expose-headers"], "ETag, Content-Range");
        assert!(!found.contains_key("access-control-max-age"));
        assert!(!found.contains_key("vary"));
    }

    /// The origin server's own `Vary` is replaced, as CloudFront does.
    #[test]
    fn responses_without_cors_headers_vary_by_origin() {
        let of_origin = [("vary", "Accept-Encoding")];
        let vary = |policy: &ResponseHeaders, request: &[(&'static str, &'static str)]| {
            let found = respond(policy, &Method::GET, request, &of_origin);
            found.get("vary").map(|value| value.to_str().unwrap().to_owned())
        };
        let origin = [("origin", "https://a.test")];
        let any = policy(&["*"], false, true);
        assert_eq!(vary(&any, &[]).as_deref(), Some("Origin"));
        assert_eq!(vary(&any, &origin), None);
        let listed = policy(&["https://b.test"], false, true);
        assert_eq!(vary(&listed, &[]).as_deref(), Some("Origin"));
        assert_eq!(vary(&listed, &origin).as_deref(), Some("Origin"));
        let without_cors = ResponseHeaders::default();
        assert_eq!(vary(&without_cors, &[]).as_deref(), Some("Accept-Encoding"));
    }

    #[test]
    fn preflights_get_the_allow_headers() {
        let request = [("origin", "null"), ("access-control-request-method", "GET")];
        let found = respond(&policy(&["*"], false, true), &Method::OPTIONS, &request, &[]);
        assert_eq!(found["access-control-allow-methods"], "GET, HEAD, OPTIONS");
        assert_eq!(found["access-control-allow-headers"], "Range");
        assert_eq!(found["access-control-max-age"], "600");
        assert!(!found.contains_key("access-control-expose-headers"));
    }

    #[test]
    fn listed_origin_is_echoed_and_others_are_ignored() {
        let policy = policy(&["*.pennsieve.io", "http://localhost:3000"], true, true);
        let from = |origin| respond(&policy, &Method::GET, &[("origin", origin)], &[]);
        let found = from("https://app.pennsieve.io");
        assert_eq!(found["access-control-allow-origin"], "https://app.pennsieve.io");
        assert_eq!(found["access-control-allow-credentials"], "true");
        assert_eq!(found["vary"], "Origin");
        assert_eq!(from("http://localhost:3000")["access-control-allow-origin"], "http://localhost:3000");
        assert!(!from("https://pennsieve.io.evil.test").contains_key("access-control-allow-origin"));
        assert!(!from("https://localhost:3000").contains_key("access-control-allow-origin"));
    }

    #[test]
    fn header_of_the_origin_is_kept_unless_overridden() {
        let request = [("origin", "https://a.test")];
        let own = [("access-control-allow-origin", "https://own.test"), ("x-frame-options", "SAMEORIGIN")];
        let kept = respond(&policy(&["*"], false, false), &Method::GET, &request, &own);
        assert_eq!(kept["access-control-allow-origin"], "https://own.test");
        assert_eq!(kept["x-frame-options"], "SAMEORIGIN");
        let replaced = respond(&policy(&["*"], false, true), &Method::GET, &request, &own);
        assert_eq!(replaced["access-control-allow-origin"], "*");
    }
}
