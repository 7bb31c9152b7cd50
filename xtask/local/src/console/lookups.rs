//! What is known about one thing.

use std::time::Duration;

use axum::Router;
use axum::extract::RawQuery;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use http::StatusCode;
use tokio::time::timeout;
use url::form_urlencoded;

use super::{Json, Lookup, document};

/// How long AWS may take.
const LIMIT: Duration = Duration::from_secs(10);

/// Returns a route for each lookup.
pub(super) fn routes(lookups: &[Lookup]) -> Router {
    let mut routes = Router::new();
    for Lookup { name, find } in lookups.iter().cloned() {
        routes = routes.route(
            &format!("/lookups/{name}"),
            get(async move |RawQuery(query): RawQuery| {
                let query = query.unwrap_or_default();
                match form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "id") {
                    Some((_, id)) => respond(name, find(id.into_owned())).await,
                    None => (StatusCode::BAD_REQUEST, "the parameter id is missing\n").into_response(),
                }
            }),
        );
    }
    routes
}

async fn respond(name: &str, found: Json) -> Response {
    match timeout(LIMIT, found).await {
        Ok(Ok(found)) => document("application/json", found.to_string()),
        Ok(Err(message)) => (StatusCode::BAD_GATEWAY, format!("{message}\n")).into_response(),
        Err(_) => (StatusCode::GATEWAY_TIMEOUT, format!("the lookup of this {name} took too long\n"))
            .into_response(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::TestConsole;

    #[tokio::test]
    async fn lookup_returns_its_document_or_the_error() {
        let console = TestConsole::start().await;
        assert_eq!(console.json("/lookups/trace?id=1%2Da").await["id"], "1-a");
        for (path, status, text) in [
            ("/lookups/trace?id=lost", 502, "no trace lost\n"),
            ("/lookups/trace", 400, "the parameter id is missing\n"),
        ] {
            let failed = console.get(path).send().await.unwrap();
            assert_eq!((failed.status().as_u16(), failed.text().await.unwrap().as_str()), (status, text));
        }
        console.stop().await;
    }
}
