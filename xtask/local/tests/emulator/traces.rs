//! X-Ray, and the headers of traces in messages.

use std::time::{SystemTime, UNIX_EPOCH};

use machine::directory::{Data, StateDirectory};
use serde_json::{Value, json};

use super::{Aws, credential, start, stop, text};

impl Aws {
    async fn xray(&self, path: &str, body: &Value) -> Value {
        let request = self.http.post(format!("{}{path}", self.endpoint));
        let request = request.header("authorization", credential("xray")).body(body.to_string());
        serde_json::from_str(&text(request).await).unwrap()
    }

    async fn put(&self, documents: &[Value]) -> Vec<String> {
        let texts: Vec<String> = documents.iter().map(Value::to_string).collect();
        let answer = self.xray("/TraceSegments", &json!({"TraceSegmentDocuments": texts})).await;
        let rejected = answer["UnprocessedTraceSegments"].as_array().unwrap();
        rejected.iter().map(|segment| segment["ErrorCode"].as_str().unwrap().to_owned()).collect()
    }

    /// Returns the IDs of the traces that match a filter expression, or the error.
    async fn search(&self, filter: &str) -> Result<Vec<String>, String> {
        let request = json!({"StartTime": now() - 60.0, "EndTime": now() + 60.0, "FilterExpression": filter});
        let answer = self.xray("/TraceSummaries", &request).await;
        match answer["TraceSummaries"].as_array() {
            Some(found) => Ok(found.iter().map(|it| it["Id"].as_str().unwrap().to_owned()).collect()),
            None => Err(answer["Message"].as_str().unwrap().to_owned()),
        }
    }

    async fn sqs(&self, action: &str, body: Value) -> Value {
        let request = self.http.post(&self.endpoint).header("authorization", credential("sqs"));
        let request = request.header("x-amz-target", format!("AmazonSQS.{action}"));
        serde_json::from_str(&text(request.body(body.to_string())).await).unwrap()
    }
}

fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs_f64()
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the time of a test is after 1970"
)]
fn trace_id(number: u128) -> String {
    format!("1-{:08x}-{number:024x}", now() as u64)
}

fn segment(trace: &str, name: &str, changes: &Value) -> Value {
    let mut segment = json!({
        "id": "00000000000000a1", "trace_id": trace, "name": name, "origin": "AWS::Lambda::Function",
        "start_time": now(), "end_time": now() + 0.5,
    });
    segment.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
    segment
}

#[tokio::test]
async fn x_ray_stores_and_finds_traces() {
    let scratch = tempfile::tempdir().unwrap();
    let directory = StateDirectory::open(scratch.path()).unwrap();
    let emulator = start(&directory, Data::Fresh).await;
    let aws = Aws::new(&emulator);
    let [failed, restored] = [1, 2].map(trace_id);
    let annotated = json!({"subsegments": [{
        "id": "00000000000000a2", "name": "request", "start_time": now(), "end_time": now(),
        "annotations": {"request_id": "a=", "organization": 2},
    }], "fault": true, "http": {"response": {"status": 500}}});
    let apart = json!({"type": "subsegment", "parent_id": "00000000000000a1", "id": "00000000000000b1"});
    let accepted = [
        segment(&failed, "dev-api", &annotated),
        segment(&restored, "dev-restore", &json!({"parent_id": "00000000000000c1"})),
        segment(&restored, "restore", &apart),
    ];
    assert_eq!(aws.put(&accepted).await, [""; 0]);

    for (filter, expected) in [
        (r#"annotation.request_id = "a=""#, vec![&failed]),
        (r#"annotation[request_id] = "b=""#, vec![]),
        ("annotation.organization = 2 AND fault", vec![&failed]),
        ("http.status >= 500 AND error = false", vec![&failed]),
        (r#"service("dev-restore") AND fault = false"#, vec![&restored]),
        (r#"(service("dev-api") OR service("dev-restore")) AND fault = true"#, vec![&failed]),
        ("error", vec![]),
    ] {
        assert_eq!(aws.search(filter).await.unwrap().iter().collect::<Vec<_>>(), expected, "{filter}");
    }
    for (filter, word) in
        [("responsetime > 5", "'responsetime'"), ("fault AND", "'the end'"), ("!ok", "'!ok'")]
    {
        let error = aws.search(filter).await.unwrap_err();
        assert!(error.contains("does not know") && error.contains(word), "{error}");
    }

    let whole = aws.xray("/Traces", &json!({"TraceIds": [&restored, trace_id(3)]})).await;
    let [segment] = whole["Traces"][0]["Segments"].as_array().unwrap().as_slice() else { panic!("{whole}") };
    let segment: Value = serde_json::from_str(segment["Document"].as_str().unwrap()).unwrap();
    assert_eq!(segment["subsegments"][0]["name"], "restore", "what was sent apart is a part of its segment");
    assert_eq!(whole["UnprocessedTraceIds"], json!([trace_id(3)]));
    let many = aws.xray("/Traces", &json!({"TraceIds": vec![""; 6]})).await;
    assert!(many["Message"].as_str().unwrap().contains("at most 5"), "{many}");
    assert_eq!(aws.xray("/TelemetryRecords", &json!({"TelemetryRecords": []})).await, json!({}));
    stop(emulator).await;
}

#[tokio::test]
async fn x_ray_rejects_malformed_documents() {
    let scratch = tempfile::tempdir().unwrap();
    let directory = StateDirectory::open(scratch.path()).unwrap();
    let emulator = start(&directory, Data::Fresh).await;
    let aws = Aws::new(&emulator);
    let id = trace_id(1);
    for (changes, code) in [
        (json!({"id": "1"}), "InvalidId"),
        (json!({"id": null}), "MissingId"),
        (json!({"name": "a?b"}), "InvalidName"),
        (json!({"trace_id": null}), "MissingTraceId"),
        (json!({"trace_id": "1-00000001-000000000000000000000001"}), "InvalidTraceId"),
        (json!({"trace_id": "1-ffffffff-000000000000000000000001"}), "InvalidTraceId"),
        (json!({"start_time": "now"}), "InvalidStartTime"),
        (json!({"end_time": null}), "MissingEndTime"),
        (json!({"type": "subsegment"}), "MissingParentId"),
        (json!({"subsegments": [{}]}), "MissingId"),
        (json!({"metadata": "a".repeat(65_536)}), "DocumentTooLarge"),
    ] {
        assert_eq!(aws.put(&[segment(&id, "a", &changes)]).await, [code], "{changes}");
    }
    let no_json = json!({"TraceSegmentDocuments": ["no JSON", segment(&id, "a", &json!({})).to_string()]});
    let answer = aws.xray("/TraceSegments", &no_json).await;
    assert_eq!(answer["UnprocessedTraceSegments"][0]["ErrorCode"], "ParseError");
    assert_eq!(aws.search("").await.unwrap(), [id], "the other document of the request is stored");
    stop(emulator).await;
}

#[tokio::test]
async fn message_of_a_batch_keeps_the_header_of_its_trace() {
    let scratch = tempfile::tempdir().unwrap();
    let directory = StateDirectory::open(scratch.path()).unwrap();
    let emulator = start(&directory, Data::Fresh).await;
    let aws = Aws::new(&emulator);
    let queue = aws.sqs("CreateQueue", json!({"QueueName": "q"})).await["QueueUrl"].clone();
    let header = "Root=1-5759e988-bd862e3fe1be46a994272793";
    let attributes = json!({"AWSTraceHeader": {"DataType": "String", "StringValue": header}});
    let entries = json!([
        {"Id": "0", "MessageBody": "without"},
        {"Id": "1", "MessageBody": "with", "MessageSystemAttributes": attributes},
    ]);
    let sent = aws.sqs("SendMessageBatch", json!({"QueueUrl": queue, "Entries": entries})).await;
    assert_eq!(sent["Successful"].as_array().unwrap().len(), 2);
    let request = json!({"QueueUrl": queue, "MaxNumberOfMessages": 10, "MessageSystemAttributeNames": ["AWSTraceHeader"]});
    let received = aws.sqs("ReceiveMessage", request).await;
    let mut messages: Vec<_> = received["Messages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|message| (message["Body"].as_str().unwrap(), message["Attributes"]["AWSTraceHeader"].as_str()))
        .collect();
    messages.sort_unstable();
    assert_eq!(messages, [("with", Some(header)), ("without", None)]);
    stop(emulator).await;
}
