//! CORS as an HTTP API implements it:
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-cors.html>.
//!
//! A wildcard among the allowed headers is sent as `*`, which browsers do not apply to `Authorization`. A request
//! that works here therefore works on AWS, whether or not AWS echoes the requested headers.

use bytes::Bytes;
use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE,
    ACCESS_CONTROL_REQUEST_METHOD, HeaderName, ORIGIN,
};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};

use crate::control_plane::CorsConfiguration;

/// The CORS settings of an API.
pub(super) struct Cors(CorsConfiguration);

/// Returns whether a request is a preflight: it has the headers that API Gateway requires of one.
pub(super) fn is_preflight<B>(request: &Request<B>) -> bool {
    request.method() == Method::OPTIONS
        && request.headers().contains_key(ORIGIN)
        && request.headers().contains_key(ACCESS_CONTROL_REQUEST_METHOD)
}

impl Cors {
    pub(super) fn new(configuration: CorsConfiguration) -> Self {
        Self(configuration)
    }

    /// Responds to a preflight.
    ///
    /// For a disallowed origin, the response is the same without the CORS headers.
    pub(super) fn respond_to_preflight<B>(&self, request: &Request<B>) -> Option<Response<Bytes>> {
        let origin = request.headers().get(ORIGIN)?;
        let mut response = Response::new(Bytes::new());
        *response.status_mut() = StatusCode::NO_CONTENT;
        if let Some(allowed) = self.allow(origin) {
            let headers = response.headers_mut();
            self.insert_common(allowed, headers);
            insert_list(headers, ACCESS_CONTROL_ALLOW_METHODS, &self.0.allow_methods);
            insert_list(headers, ACCESS_CONTROL_ALLOW_HEADERS, &self.0.allow_headers);
            if let Some(age) = self.0.max_age {
                headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from(age));
            }
        }
        Some(response)
    }

    /// Replaces the CORS headers of a function's response with the configured ones.
    pub(super) fn replace_headers(&self, origin: Option<&HeaderValue>, headers: &mut HeaderMap) {
        let of_the_function: Vec<HeaderName> =
            headers.keys().filter(|name| name.as_str().starts_with("access-control-")).cloned().collect();
        for name in of_the_function {
            headers.remove(name);
        }
        if let Some(allowed) = origin.and_then(|origin| self.allow(origin)) {
            self.insert_common(allowed, headers);
            insert_list(headers, ACCESS_CONTROL_EXPOSE_HEADERS, &self.0.expose_headers);
        }
    }

    /// Returns the allowed origin for a response: `*`, the origin itself, or `None`.
    fn allow(&self, origin: &HeaderValue) -> Option<HeaderValue> {
        let text = origin.to_str().ok()?;
        let matches = |allowed: &String| match allowed.strip_suffix('*') {
            // `https://*` allows every origin with that scheme.
            Some(prefix) if prefix.ends_with("://") => text.starts_with(prefix),
            _ => allowed == text,
        };
        if self.0.allow_origins.iter().any(|allowed| allowed == "*") {
            Some(HeaderValue::from_static("*"))
        } else {
            self.0.allow_origins.iter().any(matches).then(|| origin.clone())
        }
    }

    fn insert_common(&self, allowed: HeaderValue, headers: &mut HeaderMap) {
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, allowed);
        if self.0.allow_credentials {
            headers.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
        }
    }
}

fn insert_list(headers: &mut HeaderMap, name: HeaderName, values: &[String]) {
    // A value that is not valid in a header cannot have been deployed.
    if !values.is_empty()
        && let Ok(value) = HeaderValue::from_str(&values.join(","))
    {
        headers.insert(name, value);
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;

    fn configuration(origins: &[&str]) -> CorsConfiguration {
        CorsConfiguration {
            allow_origins: origins.iter().map(ToString::to_string).collect(),
            allow_credentials: false,
            allow_methods: vec!["GET".to_owned(), "POST".to_owned()],
            allow_headers: vec!["authorization".to_owned(), "content-type".to_owned()],
            expose_headers: vec!["etag".to_owned()],
            max_age: Some(300),
        }
    }

    fn preflight(configuration: CorsConfiguration, origin: &str) -> String {
        let request = Request::options("/a").header(ORIGIN, origin).body(()).unwrap();
        let response = Cors::new(configuration).respond_to_preflight(&request).unwrap();
        assert_eq!(response.status(), StatusCode::NO_CONTENT);
        lines(response.headers())
    }

    /// Returns the headers that remain of a function's response with all CORS headers set.
    fn decorated(configuration: CorsConfiguration, origin: Option<&'static str>) -> String {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("access-control-allow-origin", "*"),
            ("access-control-allow-private-network", "true"),
            ("access-control-max-age", "1"),
            ("content-type", "text/plain"),
        ] {
            headers.insert(name, HeaderValue::from_static(value));
        }
        Cors::new(configuration).replace_headers(origin.map(HeaderValue::from_static).as_ref(), &mut headers);
        lines(&headers)
    }

    fn lines(headers: &HeaderMap) -> String {
        let mut sorted: Vec<_> =
            headers.iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap())).collect();
        sorted.sort_unstable();
        sorted.iter().fold(String::new(), |mut text, (name, value)| {
            writeln!(text, "{name}: {value}").unwrap();
            text
        })
    }

    #[test]
    fn allowed_origin_gets_all_headers_in_a_preflight() {
        insta::assert_snapshot!(preflight(configuration(&["https://app.example.com"]), "https://app.example.com"), @r"
        access-control-allow-headers: authorization,content-type
        access-control-allow-methods: GET,POST
        access-control-allow-origin: https://app.example.com
        access-control-max-age: 300
        ");
        let mut with_credentials = configuration(&["https://app.example.com"]);
        with_credentials.allow_credentials = true;
        assert!(
            preflight(with_credentials, "https://app.example.com")
                .contains("access-control-allow-credentials: true\n")
        );
    }

    #[test]
    fn origins_match_exactly_or_by_scheme_or_all() {
        let wildcard = "access-control-allow-origin: *\n";
        for (allowed, origin, expected) in [
            ("https://a.example", "https://a.example", "access-control-allow-origin: https://a.example\n"),
            ("https://a.example", "https://a.example:8443", ""),
            ("https://a.example", "https://a.example.evil", ""),
            ("https://a.example", "http://a.example", ""),
            ("https://a.example", "null", ""),
            ("https://*", "https://any.example", "access-control-allow-origin: https://any.example\n"),
            ("https://*", "http://any.example", ""),
            // A wildcard is allowed only for all hosts of a scheme. AWS does not accept other patterns either.
            ("https://*.example", "https://a.example", ""),
            ("https://a*", "https://a.example", ""),
            ("*", "https://any.example", wildcard),
            ("*", "null", wildcard),
        ] {
            let mut only_origin = configuration(&[allowed]);
            (only_origin.allow_methods, only_origin.allow_headers, only_origin.max_age) =
                (vec![], vec![], None);
            assert_eq!(preflight(only_origin, origin), expected, "{allowed} {origin}");
        }
    }

    #[test]
    fn headers_of_the_function_are_replaced() {
        let configuration = || configuration(&["https://app.example.com"]);
        insta::assert_snapshot!(decorated(configuration(), Some("https://app.example.com")), @r"
        access-control-allow-origin: https://app.example.com
        access-control-expose-headers: etag
        content-type: text/plain
        ");
        for origin in [Some("https://other.example"), None] {
            assert_eq!(decorated(configuration(), origin), "content-type: text/plain\n");
        }
    }
}
