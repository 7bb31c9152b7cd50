//! `cargo xtask status` and `cargo xtask metrics`: how the system is doing, at a glance.

use faults::{Fate, Faults};
use serde_json::Value;

use crate::client::Client;
use crate::command::Run;
use crate::stack::{aws_proxy, run_xtask_of_stack, stack, xtask_of_stack};
use crate::waiting::eventually;

/// Requests a signed URL, which the gateway and the function count.
async fn request_signature() {
    let client = Client::new().await;
    client.sign(&client.stack.assets.thumbnail).await;
}

#[tokio::test]
async fn metrics_of_a_request_are_shown_by_route_and_for_the_gateway() {
    request_signature().await;
    let arguments = ["metrics", "requests", "latency", "Count", "--since", "15m", "--json"];
    let read = async || {
        let (code, stdout, stderr) = run_xtask_of_stack(&arguments).await;
        assert_eq!(code, Some(0), "{stderr}");
        let metrics: Value = serde_json::from_str(&stdout).unwrap();
        let series = metrics["series"].as_array().unwrap().clone();
        let find = |namespace: &str, name: &str, dimension: &str, value: Option<&str>| {
            series.iter().find(|series| {
                let found = series["dimensions"][dimension].as_str();
                (&series["namespace"], &series["name"]) == (&namespace.into(), &name.into())
                    && found.is_some()
                    && (value.is_none() || found == value)
            })
        };
        let route = Some("GET /cloudfront/sign");
        let requests = find("PackagesService", "requests", "route", route)?;
        let latency = find("PackagesService", "latency", "route", route)?;
        let count = find("AWS/ApiGateway", "Count", "ApiId", None)?;
        Some([requests.clone(), latency.clone(), count.clone()])
    };
    let [requests, latency, count] = eventually("the metrics are published", read).await;
    assert!(requests["total"].as_f64().unwrap() >= 1.0, "{requests:#}");
    assert!(requests["per_minute"].as_f64().unwrap() > 0.0, "{requests:#}");
    assert_eq!(requests["dimensions"]["status_class"], "2xx", "{requests:#}");
    assert!(latency["p99"].as_f64().unwrap() >= latency["p50"].as_f64().unwrap(), "{latency:#}");
    assert_eq!(latency["unit"], "Milliseconds");
    assert!(count["total"].as_f64().unwrap() >= 1.0, "{count:#}");

    let (code, stdout, stderr) = run_xtask_of_stack(&["metrics", "--since", "15m"]).await;
    assert_eq!(code, Some(0), "{stderr}");
    assert!(stdout.contains("api  GET /cloudfront/sign  2xx") && stdout.contains("AWS/Lambda"), "{stdout}");
    let (code, _, stderr) = run_xtask_of_stack(&["metrics", "speed"]).await;
    assert!(code == Some(2) && stderr.contains("there is no metric speed"), "{stderr}");
}

#[tokio::test]
async fn status_shows_alarms_requests_restores_and_the_key() {
    request_signature().await;
    let read = async || {
        let (code, stdout, stderr) = run_xtask_of_stack(&["status", "--json"]).await;
        // Other tests leave dead letters and make alarms active.
        assert!([Some(0), Some(3)].contains(&code), "{stderr}");
        let status: Value = serde_json::from_str(&stdout).unwrap();
        (status["traffic"]["requests"].as_f64()? >= 1.0).then_some((code, status))
    };
    let (code, status) = eventually("the gateway counts the request", read).await;
    let parts = status.as_object().unwrap().values().filter_map(|part| part["mark"].as_str());
    let marks: Vec<&str> = parts.collect();
    assert_eq!(marks.contains(&"attention"), code == Some(3), "{status:#}");
    assert!(!marks.contains(&"unknown"), "{status:#}");
    assert!(status["traffic"]["latency_p99"].as_f64().unwrap() > 0.0, "{status:#}");
    assert!(status["restores"]["dead_letters"].is_u64(), "{status:#}");
    assert_eq!(status["signing_key"]["is_due"], false, "{status:#}");
    assert!(status["certificate"].is_null(), "{status:#}");
    let alarms = status["alarms"]["alarms"].as_array().unwrap();
    assert!(alarms.iter().any(|alarm| alarm["is_composite"] == true), "{status:#}");
    for alarm in alarms {
        assert!(alarm["runbook"].as_str().unwrap().starts_with("docs/runbook.md#"), "{alarm:#}");
    }
}

#[tokio::test]
async fn denied_call_does_not_hide_the_rest_of_the_status() {
    let faults = Faults::new();
    let proxy = aws_proxy(stack().await, &faults).await;
    let is_denied = |operation: &str| operation.ends_with("/operation/DescribeAlarms");
    faults.begin(move |call| if is_denied(&call.operation) { Fate::Deny } else { Fate::Forward });
    let mut command = xtask_of_stack(&["status"]).await;
    command.env("AWS_ENDPOINT_URL", proxy.url());
    let ended = Run::start_command(command).end().await;
    assert!([Some(0), Some(3)].contains(&ended.code), "{}", ended.stderr);
    assert!(ended.stdout.contains("? alarms        unknown: cannot read the alarms: "), "{}", ended.stdout);
    assert!(ended.stdout.contains("✓ signing key   "), "{}", ended.stdout);
    assert!(ended.stdout.contains(" in the last hour"), "{}", ended.stdout);
}
