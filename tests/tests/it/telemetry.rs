//! What a request and a restore leave behind, and how operators find it from an id.

use std::collections::BTreeSet;

use openapi::telemetry::check_line;
use reqwest::Method;
use serde_json::{Value, json};

use crate::client::{Client, header};
use crate::fixture::Dataset;
use crate::stack::run_xtask_of_stack;
use crate::waiting::eventually;

/// Runs a command and returns what it has printed.
async fn printed(arguments: &[&str]) -> String {
    let (code, stdout, stderr) = run_xtask_of_stack(arguments).await;
    assert_eq!(code, Some(0), "{arguments:?}: {stderr}");
    stdout
}

async fn lines(arguments: &[&str]) -> Vec<Value> {
    let stdout = printed(&[arguments, &["--json"]].concat()).await;
    stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn messages(lines: &[Value]) -> BTreeSet<&str> {
    lines.iter().filter_map(|line| line["message"].as_str()).collect()
}

/// Asks for a restore and returns the id of the request.
async fn restore(client: &Client, dataset: &str, package: &str) -> String {
    let parameters = [("dataset_id", dataset)];
    let request = client.request_as("editor", Method::POST, "/restore", &parameters);
    let response = request.json(&json!({ "nodeIds": [package] })).send().await.unwrap();
    assert_eq!(response.status(), 200);
    header(&response, "apigw-requestid")
}

#[tokio::test]
async fn error_id_leads_to_the_rule_that_refused_the_request() {
    let client = Client::new().await;
    let parameters = [("dataset_id", client.stack.dataset_id.as_str())];
    let request = client.request_as("viewer", Method::POST, "/restore", &parameters);
    let response = request.json(&json!({ "nodeIds": [] })).send().await.unwrap();
    assert_eq!(response.status(), 403);
    let body: Value = response.json().await.unwrap();
    let id = body["errorId"].as_str().unwrap();

    let explained = async || {
        let (code, stdout, _) = run_xtask_of_stack(&["explain", id, "--json"]).await;
        let explanation: Value = serde_json::from_str(&stdout).ok().filter(|_| code == Some(0))?;
        // The line of the gateway may be there before those of the function.
        (!explanation["explanation"]["reason"].is_null()).then_some(explanation)
    };
    let explanation = eventually("the request is in the log", explained).await;
    assert_eq!(explanation["explanation"]["reason"]["rule"], "role");
    assert_eq!(explanation["explanation"]["reason"]["cause"], body["message"]);
    let events = explanation["explanation"]["events"].as_array().unwrap();
    let request = events.iter().find(|event| event["kind"] == "request").unwrap();
    assert_eq!((&request["details"]["status"], &request["is_problem"]), (&"403".into(), &true.into()));
    let text = printed(&["explain", id]).await;
    assert!(text.contains("the user's role in the dataset is too low for this route"), "{text}");

    let (code, _, stderr) = run_xtask_of_stack(&["explain", "no-such-request"]).await;
    assert_eq!(code, Some(1));
    assert!(stderr.contains("neither API Gateway nor a function has logged no-such-request"), "{stderr}");
    let (code, _, stderr) = run_xtask_of_stack(&["logs", "--request", "a\"b"]).await;
    assert_eq!(code, Some(1));
    assert!(stderr.contains("is not an id"), "{stderr}");
}

#[tokio::test]
async fn request_that_reaches_no_function_is_explained_by_the_access_log() {
    let client = Client::new().await;
    let url = format!("{}/cloudfront/sign", client.stack.api_url);
    let response = reqwest::get(url).await.unwrap();
    assert_eq!(response.status(), 401);
    let id = header(&response, "apigw-requestid");
    let explained = async || {
        let (code, stdout, _) = run_xtask_of_stack(&["explain", &id]).await;
        (code == Some(0)).then_some(stdout)
    };
    let text = eventually("the request is in the access log", explained).await;
    assert!(text.contains("reason    gateway-unauthorized: the request has no header"), "{text}");
    assert!(text.contains("route                 GET /cloudfront/sign"), "{text}");
    assert!(text.contains("cause     UNAUTHORIZED"), "{text}");
}

#[tokio::test]
async fn restore_is_found_by_its_request_and_its_package_and_is_one_trace() {
    let client = Client::new().await;
    let mut dataset = Dataset::create().await;
    let folder = dataset.deleted_folder("traced").await;
    let file = dataset.deleted_file(Some(&folder), "a.csv", b"1,2\n").await;
    dataset.deleted_file_without_record(&folder, "lost.csv").await;
    let id = restore(&client, &dataset.node_id, &folder.node_id).await;

    let complete = async || {
        let lines = lines(&["logs", "--request", &id]).await;
        messages(&lines).is_superset(&BTreeSet::from(["request", "restore"])).then_some(lines)
    };
    let lines_of_request = eventually("request and restore are in the log", complete).await;
    let restored = lines_of_request.iter().find(|line| line["message"] == "restore").unwrap();
    assert_eq!(restored["outcome"], "restored");
    assert_eq!((&restored["package"], &restored["package_id"]), (&json!(folder.node_id), &json!(folder.id)));
    assert_eq!((&restored["restored_packages"], &restored["restored_bytes"]), (&json!(2), &json!(4)));
    assert_eq!(restored["reasons"], json!({ "no-record": 1 }));
    assert_eq!((&restored["level"], &restored["receives"]), (&json!("WARN"), &json!(1)));
    let phases: BTreeSet<&String> = restored["phases"].as_object().unwrap().keys().collect();
    assert_eq!(
        phases.into_iter().collect::<Vec<_>>(),
        ["clean-up", "markers", "plan", "records", "transaction"]
    );
    let request = lines_of_request.iter().find(|line| line["message"] == "request").unwrap();
    assert_eq!((&request["accepted"], &request["trace_id"]), (&json!(1), &restored["trace_id"]));
    for line in &lines_of_request {
        let mut line = line.as_object().unwrap().clone();
        // The command adds it.
        line.remove("function");
        if line.contains_key("level") {
            assert_eq!(check_line(&line), []);
        }
    }

    for package in [&folder.node_id, &folder.id.to_string()] {
        let lines = lines(&["logs", "--restore", package]).await;
        assert!(messages(&lines).contains("restore"), "{package}");
        assert!(
            lines.iter().any(|line| line["request_id"] == id.as_str()),
            "{package}: the request is one of them"
        );
    }
    let errors = lines(&["logs", "--errors"]).await;
    assert!(errors.iter().all(|line| line["level"] != "INFO"));
    assert!(errors.iter().any(|line| line["message"] == "package stays deleted"));
    assert!(!file.node_id.is_empty());

    let trace = restored["trace_id"].as_str().unwrap();
    let whole = async || {
        let text = printed(&["traces", trace]).await;
        (text.contains("restored") && text.contains("SendMessageBatch")).then_some(text)
    };
    let text = eventually("the trace is in X-Ray", whole).await;
    for part in ["POST /restore", "PostgreSQL", "SQS SendMessageBatch", "DynamoDB", "transaction", "COMMIT"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    // Other tests send requests at the same time.
    let traces: Value =
        serde_json::from_str(&printed(&["traces", "--limit", "5000", "--json"]).await).unwrap();
    assert!(traces.as_array().unwrap().iter().any(|listed| listed["id"] == trace));
}
