//! A web page that shows the components of the local stack and lets users try the API.
//!
//! The page is plain HTML, CSS and JavaScript in this binary. It has no build step and loads nothing from other
//! sites. A content security policy allows requests only to the servers of the stack. All its content comes from JSON
//! documents and is inserted as text, never as markup.

pub mod metrics;
pub mod traces;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HOST, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderName, HeaderValue, StatusCode};
use serde::Serialize;
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use url::{Host, Url};

use self::traces::TraceSource;

/// Time limit for a connection to a component before it is shown as down.
const PATIENCE: Duration = Duration::from_millis(500);

/// A component of the stack that runs on this machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Component {
    /// One word, such as `gateway`. The page requests tokens from `issuer`.
    pub name: String,
    /// Address at which it listens, with a port.
    pub url: String,
    /// A sentence that describes it.
    pub description: String,
}

/// The data that the page shows.
#[derive(Clone)]
pub struct ConsoleModel {
    /// Returns the current content of `stack.json`: URLs, tokens and ids of the demo data.
    pub stack_json: Arc<dyn Fn() -> Value + Send + Sync>,
    /// The API's OpenAPI document.
    pub openapi: Value,
    /// Components of the stack.
    pub components: Vec<Component>,
    /// Returns the current statistics of the functions: a table as an array of objects, or as an object with one
    /// object per function.
    pub statistics: Arc<dyn Fn() -> Value + Send + Sync>,
    /// Returns the graphs and the alarms.
    pub metrics: Arc<dyn Fn() -> Value + Send + Sync>,
    /// The traces of the functions.
    pub traces: TraceSource,
    /// What was deployed at the start and has no effect here, a line each.
    pub without_effect: Vec<String>,
}

/// Serves the page on `listener` until `shutdown` completes.
pub async fn serve(
    listener: TcpListener,
    model: ConsoleModel,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    let policy = content_security_policy(&model);
    let json = |text: String| get(async move || document("application/json", text));
    let file = |content_type, text: &'static str| get(async move || document(content_type, text.to_owned()));
    let routes = Router::new()
        .route("/", file("text/html; charset=utf-8", include_str!("console/index.html")))
        .route("/console.css", file("text/css", include_str!("console/console.css")))
        .route("/console.js", file("text/javascript", include_str!("console/console.js")))
        .route("/elements.js", file("text/javascript", include_str!("console/elements.js")))
        .route("/metrics.js", file("text/javascript", include_str!("console/metrics.js")))
        .route("/metrics.css", file("text/css", include_str!("console/metrics.css")))
        .route("/metrics.json", get(metrics_json))
        .route("/traces.js", file("text/javascript", include_str!("console/traces.js")))
        .route("/traces.css", file("text/css", include_str!("console/traces.css")))
        .route("/traces.json", get(traces::recent))
        .route("/trace.json", get(traces::find))
        .route("/openapi.js", file("text/javascript", include_str!("console/openapi.js")))
        .route("/stack.json", get(stack_json))
        .route("/openapi.json", json(model.openapi.to_string()))
        .route("/without-effect.json", json(json!(model.without_effect).to_string()))
        .route("/components.json", get(components))
        .route("/statistics.json", get(statistics))
        .with_state(Arc::new(model))
        .layer(from_fn_with_state(policy, guard));
    axum::serve(listener, routes).with_graceful_shutdown(shutdown).await
}

async fn components(State(model): State<Arc<ConsoleModel>>) -> Response {
    let probes: Vec<_> =
        model.components.iter().map(|component| tokio::spawn(is_up(component.url.clone()))).collect();
    let mut rows = Vec::new();
    for (component, probe) in model.components.iter().zip(probes) {
        let up = probe.await.unwrap_or(false);
        rows.push(json!({
            "name": component.name,
            "url": component.url,
            "description": component.description,
            "up": up,
        }));
    }
    document("application/json", Value::from(rows).to_string())
}

async fn stack_json(State(model): State<Arc<ConsoleModel>>) -> Response {
    document("application/json", (model.stack_json)().to_string())
}

async fn statistics(State(model): State<Arc<ConsoleModel>>) -> Response {
    document("application/json", (model.statistics)().to_string())
}

async fn metrics_json(State(model): State<Arc<ConsoleModel>>) -> Response {
    document("application/json", (model.metrics)().to_string())
}

/// Returns whether a server accepts connections at a URL.
async fn is_up(url: String) -> bool {
    let Ok(url) = Url::parse(&url) else { return false };
    let port = url.port_or_known_default().or((url.scheme() == "postgres").then_some(5432));
    let (Some(host), Some(port)) = (url.host_str(), port) else { return false };
    let connect = TcpStream::connect((host.trim_matches(['[', ']']), port));
    matches!(tokio::time::timeout(PATIENCE, connect).await, Ok(Ok(_)))
}

fn document(content_type: &'static str, text: String) -> Response {
    ([(CONTENT_TYPE, content_type)], text).into_response()
}

/// Returns a policy that forbids other sites and allows requests only to the servers in the model.
fn content_security_policy(model: &ConsoleModel) -> HeaderValue {
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

/// Rejects requests that do not name this machine as the host.
///
/// A site that resolves its own name to this machine (DNS rebinding) must not read the tokens.
async fn guard(State(policy): State<HeaderValue>, request: Request, next: Next) -> Response {
    let host = request.headers().get(HOST).and_then(|host| host.to_str().ok());
    if !host.is_some_and(is_this_machine) {
        return (StatusCode::MISDIRECTED_REQUEST, "open the console by its address\n").into_response();
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
mod tests {
    use tokio::sync::oneshot;

    use super::*;

    fn model(components: Vec<Component>) -> ConsoleModel {
        ConsoleModel {
            stack_json: Arc::new(
                || json!({"api_url": "http://127.0.0.1:9001/x", "cdn_url": "http://127.0.0.1:9002"}),
            ),
            openapi: json!({"openapi": "3.1.0"}),
            components,
            statistics: Arc::new(|| json!({"api": {"invocations": 3}})),
            metrics: Arc::new(|| json!({"graphs": [], "alarms": []})),
            traces: TraceSource {
                recent: Arc::new(|| Box::pin(async { Ok(json!([{ "id": "1-a" }])) })),
                find: Arc::new(|id| Box::pin(async move { Err(format!("no trace {id}")) })),
            },
            without_effect: vec!["CloudWatch::Dashboard: not shown".to_owned()],
        }
    }

    #[tokio::test]
    async fn console_serves_the_page_and_its_documents() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        // The socket is bound but does not listen, so no other process can respond on its port.
        let silent = tokio::net::TcpSocket::new_v4().unwrap();
        silent.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let gone = silent.local_addr().unwrap();
        let component =
            |name: &str, url: String| Component { name: name.to_owned(), url, description: "<b>".to_owned() };
        let components = vec![
            component("console", format!("http://{address}")),
            component("gone", format!("http://{gone}/")),
        ];
        let (stop, stopped) = oneshot::channel::<()>();
        let server = tokio::spawn(serve(listener, model(components), async {
            let _ = stopped.await;
        }));
        let fetch = async |path: &str| {
            reqwest::get(format!("http://{address}{path}")).await.unwrap().error_for_status().unwrap()
        };

        for path in [
            "/",
            "/console.css",
            "/console.js",
            "/elements.js",
            "/openapi.js",
            "/metrics.js",
            "/metrics.css",
            "/traces.js",
            "/traces.css",
        ] {
            let found = fetch(path).await;
            let policy = found.headers()["content-security-policy"].to_str().unwrap().to_owned();
            assert!(policy.starts_with("default-src 'none'"), "{policy}");
            assert!(policy.contains("http://127.0.0.1:9001 http://127.0.0.1:9002"), "{policy}");
            assert!(!policy.contains("unsafe"), "{policy}");
            assert!(!found.text().await.unwrap().is_empty());
        }
        let of = async |path: &str| fetch(path).await.json::<Value>().await.unwrap();
        assert_eq!(of("/stack.json").await["api_url"], "http://127.0.0.1:9001/x");
        assert_eq!(of("/openapi.json").await["openapi"], "3.1.0");
        assert_eq!(of("/statistics.json").await["api"]["invocations"], 3);
        assert_eq!(of("/metrics.json").await["graphs"], json!([]));
        assert_eq!(of("/without-effect.json").await, json!(["CloudWatch::Dashboard: not shown"]));
        assert_eq!(of("/traces.json").await[0]["id"], "1-a");
        let failed = reqwest::get(format!("http://{address}/trace.json?id=1%2Db")).await.unwrap();
        assert_eq!(
            (failed.status().as_u16(), failed.text().await.unwrap().as_str()),
            (502, "no trace 1-b\n")
        );
        let components = of("/components.json").await;
        assert_eq!(components[0]["up"], true);
        assert_eq!(components[1]["up"], false);

        let rebound = reqwest::Client::new()
            .get(format!("http://{address}/stack.json"))
            .header("host", "evil.test")
            .send()
            .await
            .unwrap();
        assert_eq!(rebound.status(), 421);

        drop(stop);
        server.await.unwrap().unwrap();
    }

    /// The policy forbids both anyway, but this test fails before a user opens the page.
    #[test]
    fn page_has_no_inline_code_and_no_external_resources() {
        let page = include_str!("console/index.html");
        assert!(!page.contains("style="));
        assert!(!page.contains("<style"));
        assert!(!page.contains("http:") && !page.contains("https:"));
        for script in [
            include_str!("console/console.js"),
            include_str!("console/elements.js"),
            include_str!("console/openapi.js"),
            include_str!("console/metrics.js"),
            include_str!("console/traces.js"),
        ] {
            for forbidden in ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("] {
                assert!(!script.contains(forbidden), "{forbidden}");
            }
        }
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
