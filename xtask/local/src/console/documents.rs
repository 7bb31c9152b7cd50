//! The documents that do not change, or that programs read.

use axum::Router;
use axum::routing::get;
use serde_json::json;

use super::{ConsoleModel, document};

/// Returns the routes of the documents.
pub(super) fn routes(model: &ConsoleModel) -> Router {
    let (openapi, without_effect) = (model.openapi.to_string(), json!(model.without_effect).to_string());
    let (stack_json, statistics) = (model.stack_json.clone(), model.statistics.clone());
    let json = |text: String| document("application/json", text);
    Router::new()
        .route("/openapi.json", get(async move || json(openapi)))
        .route("/without-effect.json", get(async move || json(without_effect)))
        .route("/stack.json", get(async move || json(stack_json().to_string())))
        .route("/statistics.json", get(async move || json(statistics().to_string())))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::testing::TestConsole;

    #[tokio::test]
    async fn documents_are_json() {
        let console = TestConsole::start().await;
        assert_eq!(console.json("/stack.json").await["api_url"], "http://127.0.0.1:9001/x");
        assert_eq!(console.json("/openapi.json").await["openapi"], "3.1.0");
        assert_eq!(console.json("/statistics.json").await["api"]["invocations"], 3);
        assert_eq!(console.json("/without-effect.json").await, json!(["CloudWatch::Dashboard: not shown"]));
        console.stop().await;
    }
}
