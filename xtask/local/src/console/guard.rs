//! Rejects what other sites send to the console.

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HOST, ORIGIN, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use url::{Host, Url};

use super::ConsoleModel;

/// A header that only the page itself sends with an action.
///
/// A browser lets another site send a custom header only after a preflight, which this server does not answer:
/// <https://cheatsheetseries.owasp.org/cheatsheets/Cross-Site_Request_Forgery_Prevention_Cheat_Sheet.html#employing-custom-request-headers-for-ajaxapi>.
const ACTION: HeaderName = HeaderName::from_static("x-console-action");
const CROSS_ORIGIN_RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

/// Rejects requests that do not name this machine as the host, and changes that the page itself has not sent.
///
/// A site that resolves its own name to this machine (DNS rebinding) must not read the tokens.
pub(super) async fn check(State(policy): State<HeaderValue>, request: Request, next: Next) -> Response {
    let headers = request.headers();
    let host = text(headers, &HOST);
    if !host.is_some_and(is_this_machine) {
        return (StatusCode::MISDIRECTED_REQUEST, "open the console by its address\n").into_response();
    }
    if !request.method().is_safe() && !is_from_the_page(headers) {
        return (StatusCode::FORBIDDEN, "only the page of the console can do this\n").into_response();
    }
    let mut response = next.run(request).await;
    let fixed: [(HeaderName, &'static str); 4] = [
        (CACHE_CONTROL, "no-store"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (REFERRER_POLICY, "no-referrer"),
        (CROSS_ORIGIN_RESOURCE_POLICY, "same-origin"),
    ];
    for (name, value) in fixed {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response.headers_mut().insert(CONTENT_SECURITY_POLICY, policy);
    response
}

/// Returns whether a request has the header of the page, and no other site as its origin.
///
/// Programs other than browsers send no `Origin`. They can do everything that the user can do anyway.
fn is_from_the_page(headers: &HeaderMap) -> bool {
    let own = text(headers, &HOST).map(|host| format!("http://{host}"));
    headers.contains_key(ACTION)
        && headers.get(ORIGIN).is_none_or(|origin| own.is_some_and(|own| origin == &*own))
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

fn is_this_machine(host: &str) -> bool {
    let Ok(url) = Url::parse(&format!("http://{host}/")) else { return false };
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// Returns a policy that forbids other sites and allows requests only to the servers in the model.
pub(super) fn content_security_policy(model: &ConsoleModel) -> HeaderValue {
    let stack_json = (model.stack_json)();
    let urls = ["api_url", "cdn_url", "aws_endpoint_url"]
        .into_iter()
        .filter_map(|name| stack_json.get(name)?.as_str())
        .chain(model.components.iter().map(|component| component.url.as_str()));
    let mut origins: Vec<String> = urls
        .filter_map(|url| Url::parse(url).ok())
        .filter(|url| matches!(url.scheme(), "http" | "https"))
        .map(|url| url.origin().ascii_serialization())
        .collect();
    origins.sort();
    origins.dedup();
    let policy = format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
         connect-src 'self' {}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        origins.join(" ")
    );
    // Serialized origins are ASCII without spaces, so the policy is always a valid header value.
    HeaderValue::from_str(&policy).unwrap_or(HeaderValue::from_static("default-src 'none'"))
}

#[cfg(test)]
mod tests {
    use super::super::testing::TestConsole;
    use super::is_this_machine;

    #[tokio::test]
    async fn other_names_of_this_machine_are_rejected() {
        let console = TestConsole::start().await;
        let rebound = console.get("/stack.json").header("host", "evil.test").send().await.unwrap();
        assert_eq!(rebound.status(), 421);
        console.stop().await;
    }

    #[tokio::test]
    async fn other_sites_cannot_change_anything() {
        let console = TestConsole::start().await;
        let status = async |origin: Option<&str>, has_header: bool| {
            let mut request =
                if has_header { console.action("delete") } else { console.post("/actions/delete") };
            if let Some(origin) = origin {
                request = request.header("origin", origin);
            }
            request.body(r#"{"package": "a"}"#).send().await.unwrap().status().as_u16()
        };
        let own = console.url.trim_end_matches('/').to_owned();
        assert_eq!(status(None, true).await, 200);
        assert_eq!(status(Some(&own), true).await, 200);
        // What a form of another site sends, and what a script sends that was allowed a custom header.
        assert_eq!(status(Some("https://evil.test"), false).await, 403);
        assert_eq!(status(Some("https://evil.test"), true).await, 403);
        assert_eq!(status(Some("http://127.0.0.1:1"), true).await, 403, "another server of this machine");
        assert_eq!(status(Some("null"), true).await, 403);
        assert_eq!(status(Some(&own), false).await, 403);
        assert_eq!(status(None, false).await, 403);
        // A preflight gets no headers of CORS.
        let preflight = console.client.request(http::Method::OPTIONS, format!("{own}/actions/delete"));
        let preflight = preflight.header("origin", "https://evil.test").send().await.unwrap();
        assert!(!preflight.headers().contains_key("access-control-allow-origin"));
        console.stop().await;
    }

    #[test]
    fn only_names_of_this_machine() {
        for host in ["127.0.0.1:9005", "localhost", "[::1]:9005"] {
            assert!(is_this_machine(host), "{host}");
        }
        for host in ["evil.test", "127.0.0.1.evil.test:80", "192.168.0.1", ""] {
            assert!(!is_this_machine(host), "{host}");
        }
    }
}
