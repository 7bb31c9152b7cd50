use chrono::DateTime;
use command_line::terminal::Palette;
use deploy::logs::{Entry, Requests};
use serde_json::Value;
use stack::FunctionName;

use super::format_line;

fn entry(function: FunctionName, message: &str) -> Entry {
    Entry::new(function, DateTime::from_timestamp_millis(1_795_540_690_304).unwrap(), message)
}

/// Formats several lines without a terminal.
fn format_lines(messages: &[(FunctionName, &str)]) -> String {
    let entries: Vec<_> = messages.iter().map(|(function, message)| entry(*function, message)).collect();
    let mut requests = Requests::default();
    for entry in &entries {
        requests.record(entry);
    }
    let lines: Vec<_> =
        entries.iter().map(|entry| format_line(entry, requests.id_of(entry), Palette::default())).collect();
    lines.join("\n")
}

#[test]
fn all_lines_of_a_request_have_its_id() {
    let lines = format_lines(&[
        (
            FunctionName::Authorizer,
            r#"{"timestamp":"2026-11-24T17:18:10.304673Z","level":"INFO","message":"decision","outcome":"admitted","cold_start":false,"target":"runtime::authorizer","function_name":"dev-authorizer","requestId":"0aa00aa0-1111-4222-8333-000000000001","request_id":"AU3zfXiRQD+1NBQ="}"#,
        ),
        (
            FunctionName::Api,
            r#"{"time":"2026-11-24T17:18:10.305Z","type":"platform.start","record":{"requestId":"1bb11bb1-1111-4222-8333-000000000002","version":"$LATEST"}}"#,
        ),
        (
            FunctionName::Api,
            r#"{"timestamp":"2026-11-24T17:18:10.471429Z","level":"ERROR","message":"request","route":"GET /presign/s3","status":503,"status_class":"5xx","outcome":"failed","cause":"no \"connection\"\n","requests":1,"latency":12.5,"_aws":{"Timestamp":1,"CloudWatchMetrics":[]},"requestId":"1bb11bb1-1111-4222-8333-000000000002","xrayTraceId":"Root=1-0","request_id":"AU3zfXiRQD+1NBQ="}"#,
        ),
        (
            FunctionName::Api,
            r#"{"time":"2026-11-24T17:18:10.500Z","type":"platform.report","record":{"requestId":"1bb11bb1-1111-4222-8333-000000000002","status":"success","metrics":{"durationMs":12.5,"maxMemoryUsedMB":41}}}"#,
        ),
    ]);
    insta::assert_snapshot!(lines, @r#"
    2026-11-24 17:18:10.304  authorizer  AU3zfXiRQD+1NBQ=  INFO   decision  outcome=admitted
    2026-11-24 17:18:10.304  api         AU3zfXiRQD+1NBQ=         platform.start  version=$LATEST
    2026-11-24 17:18:10.304  api         AU3zfXiRQD+1NBQ=  ERROR  request  route="GET /presign/s3"  status=503  outcome=failed  cause="no \"connection\"\n"  latency=12.5
    2026-11-24 17:18:10.304  api         AU3zfXiRQD+1NBQ=         platform.report  durationMs=12.5  maxMemoryUsedMB=41  status=success
    "#);
}

#[test]
fn control_characters_of_other_lines_are_escaped() {
    let lines = format_lines(&[
        (FunctionName::Api, "START RequestId: 2cc22cc2-1111-4222-8333-000000000003 Version: $LATEST\n"),
        (FunctionName::Restore, "thread 'main' panicked at src/main.rs:1:\r\n\u{1b}[31mred\u{1b}[0m\n"),
        (FunctionName::Restore, "[1, 2]"),
        (
            FunctionName::Restore,
            r#"{"level":"WARN","message":"\u001b[2J","count":3,"list":["a b"],"none":null}"#,
        ),
    ]);
    insta::assert_snapshot!(lines, @r#"
    2026-11-24 17:18:10.304  api         2cc22cc2                 START RequestId: 2cc22cc2-1111-4222-8333-000000000003 Version: $LATEST
    2026-11-24 17:18:10.304  restore     -                        thread 'main' panicked at src/main.rs:1:\r\n\u{1b}[31mred\u{1b}[0m
    2026-11-24 17:18:10.304  restore     -                        [1, 2]
    2026-11-24 17:18:10.304  restore     -                 WARN   \u{1b}[2J  count=3  list=["a b"]  none=null
    "#);
}

#[test]
fn json_is_what_was_logged_with_function_and_time() {
    let json = |message| -> Value {
        let line = entry(FunctionName::Api, message).to_json();
        assert!(!line.contains('\n'));
        serde_json::from_str(&line).unwrap()
    };
    let own =
        r#"{"timestamp":"2026-11-24T17:18:10.304673Z","level":"INFO","message":"a\nb","requestId":"1"}"#;
    let mut expected: Value = serde_json::from_str(own).unwrap();
    expected["function"] = "api".into();
    assert_eq!(json(own), expected);
    let expected = serde_json::json!({
        "function": "api", "timestamp": "2026-11-24T17:18:10.304Z", "message": "no\njson",
    });
    assert_eq!(json("no\njson\n"), expected);
}
