use proptest::prelude::proptest;
use serde_json::json;

use super::{Failure, parse};

#[test]
fn parts_belong_to_what_contains_them() {
    let document = json!({
        "id": "00000000000000a1", "name": "request", "trace_id": "1-a", "type": "subsegment",
        "parent_id": "00000000000000ff", "start_time": 100.0, "end_time": 100.5,
        "error": true, "throttle": true,
        "http": {"response": {"status": 429}},
        "annotations": {"route": "GET /presign/s3", "organization": 2, "flag": true, "list": [1]},
        "cause": {"exceptions": [{"id": "1", "message": "too many"}]},
        "subsegments": [
            {"id": "00000000000000a2", "name": "SQS", "start_time": 100.1, "end_time": 100.2,
             "aws": {"operation": "SendMessage"}},
            {"id": "00000000000000a3", "name": "PostgreSQL", "start_time": 100.2,
             "sql": {"sanitized_query": "SELECT 1"}},
        ],
    });
    let parsed = parse(&document.to_string());
    assert_eq!(parsed.unreadable, 0);
    let [request, statement, call] = parsed.work.try_into().unwrap();
    assert_eq!(request.parent.unwrap().to_string(), "00000000000000ff");
    assert_eq!((request.status, request.failure), (Some(429), Some(Failure::Throttle)));
    assert_eq!(request.cause.as_deref(), Some("too many"));
    let annotations: Vec<_> =
        request.annotations.iter().map(|(name, value)| format!("{name}={value}")).collect();
    assert_eq!(annotations, ["flag=true", "organization=2", "route=GET /presign/s3"]);
    assert_eq!((call.parent, call.detail.as_deref()), (Some(request.id), Some("SendMessage")));
    assert_eq!((statement.parent, statement.detail.as_deref()), (Some(request.id), Some("SELECT 1")));
    assert_eq!((statement.end, call.failure), (None, None));
}

#[test]
fn fields_of_an_unexpected_form_are_left_out() {
    let document = json!({
        "id": "00000000000000a1", "name": "a", "start_time": 1, "end_time": "later", "parent_id": 7,
        "http": [], "aws": "SQS", "cause": "00000000000000a2", "annotations": 3, "fault": "yes", "subsegments": {},
    });
    let [work] = parse(&document.to_string()).work.try_into().unwrap();
    assert_eq!((work.end, work.parent, work.status, work.failure), (None, None, None, None));
    assert!(work.annotations.is_empty() && work.cause.is_none());
}

#[test]
fn documents_and_parts_without_id_name_or_time_are_counted() {
    for text in [
        "",
        "[]",
        "{}",
        r#"{"id":"a","name":"a","start_time":1}"#,
        r#"{"id":"00000000000000a1","start_time":1}"#,
        r#"{"id":"00000000000000a1","name":"a","start_time":"1"}"#,
        r#"{"id":"00000000000000a1","name":"a","start_time":1e300}"#,
        r#"{"id":"00000000000000a1","name":"a","start_time":-1}"#,
    ] {
        let parsed = parse(text);
        assert_eq!((parsed.work.len(), parsed.unreadable), (0, 1), "{text}");
    }
    let parsed = parse(r#"{"id":"00000000000000a1","name":"a","start_time":1,"subsegments":[{},3]}"#);
    assert_eq!((parsed.work.len(), parsed.unreadable), (1, 2));
    let nested = format!("{}1{}", "[".repeat(10_000), "]".repeat(10_000));
    assert_eq!(parse(&nested).unreadable, 1);
}

proptest! {
    #[test]
    fn any_text_is_read_or_counted(text in r#"(\{|\}|\[|\]|"id":|"name":|"start_time":|"subsegments":|"00000000000000a1"|1|,){0,30}"#) {
        let parsed = parse(&text);
        assert!(parsed.work.len() + parsed.unreadable > 0);
    }
}
