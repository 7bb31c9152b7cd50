use std::collections::BTreeSet;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region};
use openapi::telemetry::{Field, FieldKind, METRICS, Metric, NAMESPACE, Summary};
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, UdpSocket};

use super::{Activity, CallRecorder, Ending, Invocation, Severity, Telemetry};
use crate::configuration::TelemetrySettings;

/// Telemetry whose lines and documents are received.
struct Received {
    telemetry: Telemetry,
    lines: Arc<Mutex<Vec<u8>>>,
    daemon: UdpSocket,
}

impl Received {
    async fn start() -> Self {
        let daemon = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let lines: Arc<Mutex<Vec<u8>>> = Arc::default();
        let written = Arc::clone(&lines);
        let settings = settings(Some(daemon.local_addr().unwrap()));
        let telemetry = Telemetry::with_output(&settings, move |line| {
            written.lock().unwrap().extend_from_slice(line);
        });
        Self { telemetry, lines, daemon }
    }

    fn line(&self) -> Value {
        serde_json::from_slice(&self.lines.lock().unwrap()).unwrap()
    }

    async fn document(&self) -> Value {
        let mut datagram = vec![0; 65_536];
        let size = self.daemon.recv(&mut datagram).await.unwrap();
        let text = std::str::from_utf8(&datagram[..size]).unwrap();
        let (header, document) = text.split_once('\n').unwrap();
        assert_eq!(header, r#"{"format":"json","version":1}"#);
        serde_json::from_str(document).unwrap()
    }
}

fn settings(daemon: Option<SocketAddr>) -> TelemetrySettings {
    TelemetrySettings { function: "dev-packages".to_owned(), daemon }
}

fn invocation(sampled: &str) -> Invocation {
    let trace = format!("Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled={sampled}");
    Invocation { id: "invocation-1".to_owned(), trace: trace.parse().ok() }
}

fn ending(severity: Severity) -> Ending {
    let mut ending = Ending::new(Summary::Request, "runtime::telemetry::tests", severity, true);
    ending.annotation("request_id", "request-1");
    ending.annotation("route", "GET /presign/s3");
    ending.status(503);
    ending.field("status_class", "5xx");
    ending.annotation("outcome", "failed");
    ending.cause("the database does not respond".to_owned());
    ending.metric(Metric::REQUESTS, 1);
    ending.metric(Metric::LATENCY, 1.5);
    ending
}

#[tokio::test]
async fn event_leaves_a_line_with_its_metrics() {
    let received = Received::start().await;
    let activity = Activity::of_invocation(&invocation("1"));
    let work = async {
        let _ = super::statement("SELECT 1", async { Ok::<_, Infallible>(()) }).await;
        super::count_reconnect();
    };
    activity.observe(work).await;
    received.telemetry.end(activity, &invocation("1"), ending(Severity::Failure));

    let mut line = received.line();
    assert!(line["timestamp"].as_str().unwrap().ends_with('Z'));
    assert!(line["_aws"]["Timestamp"].is_u64());
    line["timestamp"] = "TIME".into();
    line["_aws"]["Timestamp"] = 0.into();
    insta::assert_json_snapshot!(line);
    for name in Summary::Request.required() {
        assert!(line.get(name).is_some(), "{name}");
    }
    for (name, value) in line.as_object().unwrap() {
        let kind = Field::named(name).unwrap().kind;
        assert_eq!(kind == FieldKind::Text, value.is_string(), "{name}");
    }
}

/// CloudWatch drops a metric whose value or dimension is not in the line.
#[tokio::test]
async fn metrics_and_dimensions_are_members_of_the_line() {
    let received = Received::start().await;
    let activity = Activity::of_invocation(&invocation("1"));
    let mut ending = ending(Severity::Success);
    for metric in
        METRICS.iter().filter(|metric| !["requests", "latency", "cold_starts"].contains(&metric.name))
    {
        ending.metric(*metric, 2);
    }
    received.telemetry.end(activity, &invocation("1"), ending);
    let line = received.line();
    let mut named = BTreeSet::new();
    for directive in line["_aws"]["CloudWatchMetrics"].as_array().unwrap() {
        assert_eq!(directive["Namespace"], NAMESPACE);
        for metric in directive["Metrics"].as_array().unwrap() {
            let name = metric["Name"].as_str().unwrap();
            assert!(line[name].is_number(), "{name}");
            assert!(named.insert(name), "{name} is in one directive");
        }
        for dimension in
            directive["Dimensions"].as_array().unwrap().iter().flat_map(|set| set.as_array().unwrap())
        {
            assert!(line[dimension.as_str().unwrap()].is_string(), "{dimension}");
        }
    }
    assert_eq!(named.len(), METRICS.len());
}

/// Returns an address that responds to one request with this status.
async fn server(status: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let _ = stream.read(&mut [0; 4096]).await.unwrap();
        let response = format!("HTTP/1.1 {status}\r\nx-amz-request-id: R1\r\ncontent-length: 0\r\n\r\n");
        stream.write_all(response.as_bytes()).await.unwrap();
    });
    url
}

async fn s3(status: &'static str) -> aws_sdk_s3::Client {
    let configuration = aws_sdk_s3::Config::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(Region::new("us-east-1"))
        .endpoint_url(server(status).await)
        .credentials_provider(Credentials::new("AKID", "secret", None, None, "test"))
        .interceptor(CallRecorder)
        .build();
    aws_sdk_s3::Client::from_conf(configuration)
}

#[tokio::test]
async fn steps_are_subsegments_of_what_they_belong_to() {
    let received = Received::start().await;
    let activity = Activity::of_invocation(&invocation("1"));
    let s3 = s3("404 Not Found").await;
    let work = async {
        let statement = super::statement("SELECT 1 FROM {schema}.packages", async { Err::<(), _>("broken") });
        let _ = super::phase("plan", statement).await;
        let _ = s3.head_object().bucket("bucket").key("key").send().await;
        let presigning =
            aws_sdk_s3::presigning::PresigningConfig::expires_in(std::time::Duration::from_secs(9));
        s3.head_object().bucket("bucket").key("key").presigned(presigning.unwrap()).await.unwrap();
    };
    activity.observe(work).await;
    received.telemetry.end(activity, &invocation("1"), ending(Severity::Failure));

    assert_eq!(received.line()["aws_calls"], 1, "presigning is no call");
    let document = received.document().await;
    assert_eq!(document["trace_id"], "1-5759e988-bd862e3fe1be46a994272793");
    assert_eq!(document["parent_id"], "53995c3f42cd8ad8");
    assert_eq!((&document["type"], &document["fault"]), (&"subsegment".into(), &true.into()));
    assert_eq!(document["annotations"]["route"], "GET /presign/s3");
    assert!(document["annotations"].get("cause").is_none(), "an annotation is indexed");
    let steps = document["subsegments"].as_array().unwrap();
    let plan = steps.iter().find(|step| step["name"] == "plan").unwrap();
    let statement = &plan["subsegments"][0];
    assert_eq!((&plan["fault"], &statement["fault"]), (&true.into(), &true.into()));
    assert_eq!(statement["sql"]["sanitized_query"], "SELECT 1 FROM {schema}.packages");
    let call = steps.iter().find(|step| step["name"] == "S3").unwrap();
    assert_eq!((&call["namespace"], &call["aws"]["operation"]), (&"aws".into(), &"HeadObject".into()));
    assert_eq!((&call["http"]["response"]["status"], &call["error"]), (&404.into(), &true.into()));
    assert_eq!(call["aws"]["request_id"], "R1");
    assert_eq!(steps.len(), 2);
}

#[tokio::test]
async fn caused_event_is_a_segment_in_the_trace_of_its_cause() {
    let received = Received::start().await;
    let cause = "Root=1-5759e989-000000000000000000000001;Parent=0000000000000002;Sampled=1".parse().ok();
    let activity = Activity::caused_by(cause, &invocation("1"));
    let header = activity.observe(async { super::trace_header_for_messages() }).await.unwrap();
    received.telemetry.end(activity, &invocation("1"), ending(Severity::Success));
    let document = received.document().await;
    assert_eq!(document["trace_id"], "1-5759e989-000000000000000000000001");
    assert_eq!(
        (&document["name"], &document["parent_id"]),
        (&"dev-packages".into(), &"0000000000000002".into())
    );
    assert!(document.get("type").is_none());
    assert_eq!(header.parent.unwrap().to_string(), document["id"], "its messages belong to it");
    assert_eq!(received.line()["trace_id"], "1-5759e989-000000000000000000000001");
}

#[tokio::test]
async fn large_trace_is_sent_in_parts() {
    let received = Received::start().await;
    let activity = Activity::of_invocation(&invocation("1"));
    let text = Box::leak("x".repeat(1000).into_boxed_str());
    let work = async {
        for _ in 0..100 {
            let _ = super::statement(text, async { Ok::<_, Infallible>(()) }).await;
        }
        let small = super::statement("SELECT 1", async { Ok::<_, Infallible>(()) });
        let _ = super::phase("plan", small).await;
    };
    activity.observe(work).await;
    received.telemetry.end(activity, &invocation("1"), ending(Severity::Success));
    let root = received.document().await;
    for _ in 0..100 {
        let part = received.document().await;
        assert_eq!((&part["type"], &part["parent_id"]), (&"subsegment".into(), &root["id"]));
        assert_eq!(part["trace_id"], root["trace_id"]);
    }
    assert_eq!(
        received.document().await["subsegments"][0]["sql"]["sanitized_query"],
        "SELECT 1",
        "small parts are whole"
    );
}

#[tokio::test]
async fn trace_that_is_not_sampled_is_not_sent() {
    let received = Received::start().await;
    for sampled in ["0", "?", "1"] {
        let activity = Activity::of_invocation(&invocation(sampled));
        let mut ending = ending(Severity::Success);
        ending.annotation("package", sampled);
        received.telemetry.end(activity, &invocation(sampled), ending);
    }
    assert_eq!(received.document().await["annotations"]["package"], "1");
}

#[tokio::test]
async fn daemon_that_does_not_listen_is_ignored() {
    let closed = UdpSocket::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let telemetry = Telemetry::with_output(&settings(Some(closed)), |_| {});
    for _ in 0..3 {
        let activity = Activity::of_invocation(&invocation("1"));
        telemetry.end(activity, &invocation("1"), ending(Severity::Success));
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn dropped_step_is_a_fault() {
    let received = Received::start().await;
    let activity = Activity::of_invocation(&invocation("1"));
    let work = async {
        let never = super::phase("plan", std::future::pending::<Result<(), Infallible>>());
        let _ = tokio::time::timeout(std::time::Duration::from_millis(1), never).await;
    };
    activity.observe(work).await;
    assert!(activity.phases().contains_key("plan"));
    received.telemetry.end(activity, &invocation("1"), ending(Severity::Failure));
    assert_eq!(received.document().await["subsegments"][0]["fault"], true);
}
