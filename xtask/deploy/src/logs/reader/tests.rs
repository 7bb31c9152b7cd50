use std::collections::VecDeque;
use std::sync::Arc;

use aws_sdk_cloudwatchlogs::Client;
use aws_sdk_cloudwatchlogs::config::{BehaviorVersion, Credentials, Region, retry::RetryConfig};
use chrono::DateTime;
use serde_json::{Value, json};
use stack::FunctionName;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use super::Reader;
use crate::logs::groups::Group;
use crate::logs::requests::Requests;
use crate::operator::testing::SilentOperator;

/// The time of the first event, in milliseconds.
const START: i64 = 1_795_540_690_000;

/// Returns a reader for a CloudWatch Logs server with these responses, and the requests that the server received.
async fn reader(
    functions: &[FunctionName],
    responses: Vec<(u16, Value)>,
) -> (Reader, JoinHandle<Vec<Value>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let configuration = aws_sdk_cloudwatchlogs::Config::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .endpoint_url(format!("http://{}", listener.local_addr().unwrap()))
        .credentials_provider(Credentials::new("test", "test", None, None, "test"))
        .region(Region::new("us-east-1"))
        .retry_config(RetryConfig::disabled());
    let requests_seen = tokio::spawn(async move {
        let mut requests_seen = Vec::new();
        for (status, response) in responses {
            let (connection, _) = listener.accept().await.unwrap();
            requests_seen.push(respond_once(connection, status, &response).await);
        }
        requests_seen
    });
    let group = |function: &FunctionName| Group { function: *function, name: format!("/{function}") };
    let groups = functions.iter().map(group).collect();
    let from = DateTime::from_timestamp_millis(START).unwrap();
    (
        Reader::new(Client::from_conf(configuration.build()), groups, from, None, Arc::new(SilentOperator)),
        requests_seen,
    )
}

async fn respond_once(connection: TcpStream, status: u16, response: &Value) -> Value {
    let mut connection = BufReader::new(connection);
    let mut length = 0;
    loop {
        let mut line = String::new();
        connection.read_line(&mut line).await.unwrap();
        match line.trim().to_ascii_lowercase().split_once(": ") {
            Some(("content-length", value)) => length = value.parse().unwrap(),
            None if line.trim().is_empty() => break,
            _ => {}
        }
    }
    let mut body = vec![0; length];
    connection.read_exact(&mut body).await.unwrap();
    let text = response.to_string();
    let head = format!(
        "HTTP/1.1 {status} Any\r\nContent-Length: {}\r\nConnection: close\r\n\
         Content-Type: application/x-amz-json-1.1\r\n\r\n",
        text.len()
    );
    connection.write_all((head + &text).as_bytes()).await.unwrap();
    serde_json::from_slice(&body).unwrap()
}

/// Returns events by their time after the start, which is also their ID and message.
fn page(times: &[i64], next_token: Option<&str>) -> (u16, Value) {
    let event = |time: &i64| json!({ "eventId": time.to_string(), "timestamp": START + time, "message": time.to_string() });
    (200, json!({ "events": times.iter().map(event).collect::<Vec<_>>(), "nextToken": next_token }))
}

/// Returns the lines of one read.
async fn read_lines(reader: &mut Reader) -> Vec<String> {
    let mut requests = Requests::default();
    let mut seen = Vec::new();
    while let Some(entry) = reader.next(&mut requests).await.unwrap() {
        let json: Value = serde_json::from_str(&entry.to_json()).unwrap();
        let text = |name: &str| json[name].as_str().unwrap().to_owned();
        seen.push(format!("{} {}", text("function"), text("message")));
    }
    seen
}

#[tokio::test]
async fn lines_of_all_functions_are_ordered_by_time_across_pages() {
    use FunctionName::{Api, Restore};
    let responses =
        vec![page(&[], Some("a")), page(&[1, 4], Some("b")), page(&[2, 3], None), page(&[5, 6], None)];
    let (mut reader, requests_seen) = reader(&[Api, Restore], responses).await;
    assert_eq!(read_lines(&mut reader).await, ["api 1", "restore 2", "restore 3", "api 4", "api 5", "api 6"]);
    let requests_seen: VecDeque<_> = requests_seen.await.unwrap().into();
    let tokens: Vec<_> = requests_seen.iter().map(|request| request["nextToken"].as_str()).collect();
    assert_eq!(tokens, [None, Some("a"), None, Some("b")]);
    assert!(requests_seen.iter().all(|request| request["startTime"] == START));
    assert_eq!(requests_seen[2]["logGroupName"], "/restore");
}

#[tokio::test]
async fn lines_of_one_millisecond_are_ordered_by_their_own_time() {
    use FunctionName::{Api, Authorizer};
    let page = |microsecond: u32| {
        let time = format!("2026-11-24T18:38:10.000{microsecond}Z");
        let message = json!({ "message": "a line", "timestamp": time }).to_string();
        (200, json!({ "events": [{ "eventId": time, "timestamp": START, "message": message }] }))
    };
    let (mut reader, _requests) = reader(&[Api, Authorizer], vec![page(700), page(300)]).await;
    assert_eq!(read_lines(&mut reader).await, ["authorizer a line", "api a line"]);
}

#[tokio::test]
async fn later_read_returns_new_and_late_events() {
    let responses = vec![
        page(&[1_000, 40_000], None),
        // The last 15 seconds before the newest event are read again.
        page(&[26_000, 40_000, 41_000], None),
        page(&[26_000, 40_000, 41_000], None),
    ];
    let (mut reader, requests_seen) = reader(&[FunctionName::Api], responses).await;
    assert_eq!(read_lines(&mut reader).await, ["api 1000", "api 40000"]);
    assert_eq!(read_lines(&mut reader).await, ["api 26000", "api 41000"]);
    assert!(read_lines(&mut reader).await.is_empty());
    let starts: Vec<_> =
        requests_seen.await.unwrap().iter().map(|it| it["startTime"].as_i64().unwrap()).collect();
    assert_eq!(starts, [START, START + 25_000, START + 26_000]);
}

#[tokio::test]
async fn throttled_request_is_retried_and_denied_one_is_an_error() {
    let error = |name: &str| (400, json!({ "__type": name, "message": "no" }));
    let responses = vec![error("ThrottlingException"), page(&[1], None), error("AccessDeniedException")];
    let (mut reader, _asked) = reader(&[FunctionName::Api], responses).await;
    assert_eq!(read_lines(&mut reader).await, ["api 1"]);
    let rejected = reader.next(&mut Requests::default()).await.err().unwrap();
    assert_eq!(rejected.to_string(), "cannot read the log /api");
}
