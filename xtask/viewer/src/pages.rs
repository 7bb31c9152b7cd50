//! The server of the page.

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HOST, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderName, HeaderValue, StatusCode};
use tokio::net::TcpListener;
use url::{Host, Url};

use crate::environment::{ApiAccess, PROXY_PATH, ViewerEnvironment};
use crate::proxy::ApiProxy;

/// The files of the page with their types.
const FILES: [(&str, &str, &str); 5] = [
    ("/", "text/html; charset=utf-8", include_str!("../page/index.html")),
    ("/viewer.css", "text/css; charset=utf-8", include_str!("../page/viewer.css")),
    ("/viewer.js", "text/javascript; charset=utf-8", include_str!("../page/viewer.js")),
    ("/decoders.js", "text/javascript; charset=utf-8", include_str!("../page/decoders.js")),
    ("/licenses.txt", "text/plain; charset=utf-8", include_str!("../page/licenses.txt")),
];

/// Serves the page on `listener` until `shutdown` completes.
pub async fn serve(
    listener: TcpListener,
    environment: &ViewerEnvironment,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    let policy = environment.content_security_policy();
    // Serialized origins are ASCII without spaces, so the policy is always a valid header value.
    let policy = HeaderValue::from_str(&policy).unwrap_or(HeaderValue::from_static("default-src 'none'"));
    let mut routes = Router::new();
    for (path, content_type, text) in FILES {
        routes = routes.route(path, get(async move || ([(CONTENT_TYPE, content_type)], text)));
    }
    let document = environment.document().to_string();
    let document = get(async move || ([(CONTENT_TYPE, "application/json")], document.clone()));
    routes = routes.route("/environment.json", document);
    if environment.api_access == ApiAccess::Proxied {
        let proxy = ApiProxy::new(&environment.api_url).map_err(std::io::Error::other)?;
        routes = routes.nest(&format!("/{PROXY_PATH}"), proxy.into_routes());
    }
    axum::serve(listener, routes.layer(from_fn_with_state(policy, guard)))
        .with_graceful_shutdown(shutdown)
        .await
}

/// Rejects requests that do not name this machine as the host, and adds the headers that all responses have.
///
/// A site that resolves its own name to this machine (DNS rebinding) must not use the page's address as its own.
async fn guard(State(policy): State<HeaderValue>, request: Request, next: Next) -> Response {
    let host = request.headers().get(HOST).and_then(|host| host.to_str().ok());
    if !host.is_some_and(is_this_machine) {
        return (StatusCode::MISDIRECTED_REQUEST, "open the viewer by its address\n").into_response();
    }
    let mut response = next.run(request).await;
    let fixed: [(HeaderName, &'static str); 3] =
        [(CACHE_CONTROL, "no-store"), (X_CONTENT_TYPE_OPTIONS, "nosniff"), (REFERRER_POLICY, "no-referrer")];
    for (name, value) in fixed {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response.headers_mut().insert(CONTENT_SECURITY_POLICY, policy);
    response
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

#[cfg(test)]
mod tests;
