//! What a user can do on the page.
//!
//! Only the page itself can: [`super::guard`] rejects what another site sends.

use axum::Router;
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use http::StatusCode;

use super::{Action, document};

/// Returns a route for each action.
pub(super) fn routes(actions: &[Action]) -> Router {
    let mut routes = Router::new();
    for Action { name, run } in actions.iter().cloned() {
        let run = async move |body: String| -> Response {
            let Ok(parameters) = serde_json::from_str(&body) else {
                return (StatusCode::BAD_REQUEST, "the body is not JSON\n").into_response();
            };
            match run(parameters).await {
                Ok(done) => document("application/json", done.to_string()),
                Err(message) => (StatusCode::BAD_GATEWAY, format!("{message}\n")).into_response(),
            }
        };
        routes = routes.route(&format!("/actions/{name}"), post(run));
    }
    routes
}

#[cfg(test)]
mod tests {
    use super::super::testing::TestConsole;

    #[tokio::test]
    async fn action_runs_with_the_body_of_the_request() {
        let console = TestConsole::start().await;
        for (body, status, text) in [
            (r#"{"package": "a"}"#, 200, r#"{"deleted":"a"}"#),
            (r#"{"package": 1}"#, 502, "no package\n"),
            ("{", 400, "the body is not JSON\n"),
        ] {
            let done = console.action("delete").body(body).send().await.unwrap();
            assert_eq!((done.status().as_u16(), done.text().await.unwrap().as_str()), (status, text));
        }
        console.stop().await;
    }
}
