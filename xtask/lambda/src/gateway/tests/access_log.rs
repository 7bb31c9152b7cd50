//! The lines of the access log.

use serde_json::{Value, json};

use super::{ECHO, NOBODY, TestGateway};
use crate::pool::LogSink;
use crate::pool::testing::TestPool;

#[tokio::test]
async fn each_request_has_a_line_with_the_reason_of_a_rejection() {
    let (sink, mut lines) = LogSink::new();
    let test = TestPool::with_log_sink(sink, TestGateway::functions(ECHO, NOBODY)).await;
    let gateway = TestGateway::with(test).await;
    for (path, status, route, response_type, integration) in [
        ("/open", "200", "GET /open", "-", "200"),
        ("/closed", "401", "GET /closed", "UNAUTHORIZED", "-"),
        ("/other", "404", "-", "MISSING_AUTHENTICATION_TOKEN", "-"),
    ] {
        let response = gateway.request("GET", path).send().await.unwrap();
        let id = response.headers()["apigw-requestid"].to_str().unwrap();
        let line = loop {
            let line = lines.recv().await.unwrap();
            if line.stream.group == "access" {
                break line;
            }
        };
        assert_eq!(
            serde_json::from_str::<Value>(&line.event.message).unwrap(),
            json!({
                "id": id, "route": route, "status": status, "type": response_type, "integration": integration,
            })
        );
    }
    let (status, _) = gateway.closed("token").await;
    assert_eq!(status, 403);
    gateway.stop().await;
}
