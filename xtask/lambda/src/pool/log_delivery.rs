//! Sends the output of functions to CloudWatch Logs, as Lambda does.
//!
//! Delivery never blocks a function: if the queue is full, a line is dropped here, but the log file of the function
//! still contains it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use aws_sdk_cloudwatchlogs::Client;
use aws_sdk_cloudwatchlogs::operation::put_log_events::PutLogEventsError;
use aws_sdk_cloudwatchlogs::types::InputLogEvent;
use chrono::{DateTime, Utc};
use cloudwatch::Metrics;
use machine::causes::with_causes;
use serde::Deserialize;
use tokio::sync::mpsc;
use uuid::Uuid;

use crate::role::{RoleSession, Roles};

/// Size limit of a line.
///
/// Lambda splits longer lines, and CloudWatch Logs counts 26 extra bytes per event:
/// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html>.
pub(super) const MAXIMUM_LINE_BYTES: usize = 256 * 1024 - EVENT_BYTES;
const EVENT_BYTES: usize = 26;
const MAXIMUM_BATCH_BYTES: usize = 1024 * 1024;

/// Capacity of the queue in lines, and the maximum number of lines in one delivery.
const QUEUE: usize = 1000;
/// How long lines are collected before a delivery, to limit the load on the emulator.
const GATHERING: Duration = Duration::from_millis(200);

/// The log stream of one instance of a function, or of an access log.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct LogStream {
    pub(crate) group: String,
    pub(super) name: String,
    /// The role with which the lines of a function are delivered. API Gateway delivers its own.
    role: Option<RoleSession>,
}

impl LogStream {
    /// Creates a log stream with a name in Lambda's format.
    pub(super) fn new(group: &str, role: &RoleSession) -> Self {
        let name = format!("{}/[$LATEST]{}", Utc::now().format("%Y/%m/%d"), Uuid::new_v4().simple());
        Self { group: group.to_owned(), name, role: Some(role.clone()) }
    }

    /// Creates the log stream of an access log.
    pub(crate) fn of_gateway(group: &str) -> Self {
        Self { group: group.to_owned(), name: Uuid::new_v4().simple().to_string(), role: None }
    }
}

pub(crate) struct Line {
    pub(crate) stream: Arc<LogStream>,
    pub(crate) event: InputLogEvent,
}

/// Accepts the lines of functions.
#[derive(Clone)]
pub struct LogSink {
    lines: mpsc::Sender<Line>,
    /// Number of lines dropped since the last delivery.
    lost: Arc<AtomicUsize>,
}

/// Delivers the lines to CloudWatch Logs.
pub struct LogDelivery {
    client: Client,
    roles: Roles,
    /// A client for each role.
    clients: BTreeMap<RoleSession, Client>,
    lines: mpsc::Receiver<Line>,
    lost: Arc<AtomicUsize>,
}

/// Returns the two ends of the queue of lines.
pub fn log_delivery(client: Client, roles: Roles) -> (LogSink, LogDelivery) {
    let (sink, lines) = LogSink::new();
    let lost = Arc::clone(&sink.lost);
    (sink, LogDelivery { client, roles, clients: BTreeMap::new(), lines, lost })
}

impl LogSink {
    pub(crate) fn new() -> (Self, mpsc::Receiver<Line>) {
        let (sender, lines) = mpsc::channel(QUEUE);
        (Self { lines: sender, lost: Arc::default() }, lines)
    }

    pub(crate) fn take(&self, stream: &Arc<LogStream>, line: &[u8]) {
        let text = String::from_utf8_lossy(line);
        let text = text.trim_end();
        // CloudWatch Logs rejects empty messages.
        let time = logged_at(text).unwrap_or_else(Utc::now);
        let event = InputLogEvent::builder().timestamp(time.timestamp_millis()).message(text).build();
        let Some(event) = event.ok().filter(|_| !text.is_empty()) else { return };
        if self.lines.try_send(Line { stream: Arc::clone(stream), event }).is_err() {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// Returns the time in a line of JSON, which is also that of its event:
/// <https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-log-level.html>.
fn logged_at(line: &str) -> Option<DateTime<Utc>> {
    #[derive(Deserialize)]
    struct Timed {
        timestamp: DateTime<Utc>,
    }
    serde_json::from_str(line).ok().map(|Timed { timestamp }| timestamp)
}

impl LogDelivery {
    /// Delivers lines until `shutdown` completes, then those that are still in the queue.
    ///
    /// The metrics in the lines are recorded, as CloudWatch Logs does with the lines that it gets.
    pub async fn run(mut self, metrics: Metrics, shutdown: impl Future<Output = ()>) {
        tokio::pin!(shutdown);
        let mut ends = false;
        while !ends {
            let mut lines = Vec::new();
            tokio::select! {
                biased;
                () = &mut shutdown => ends = true,
                count = self.lines.recv_many(&mut lines, QUEUE) => {
                    ends = count == 0;
                    tokio::time::sleep(GATHERING).await;
                }
            }
            while lines.len() < 2 * QUEUE
                && let Ok(line) = self.lines.try_recv()
            {
                lines.push(line);
            }
            // Logged once per delivery, because a function that prints much loses thousands of lines at a time.
            let lost = self.lost.swap(0, Ordering::Relaxed);
            if lost > 0 {
                tracing::warn!("{lost} lines are in the file only: CloudWatch Logs does not keep up");
            }
            for line in &lines {
                metrics.record_line(&line.event.message);
            }
            for (stream, events) in batches(lines) {
                if let Err(error) = self.put(&stream, events).await {
                    let error = with_causes(&error);
                    tracing::warn!(group = stream.group, "lines are in the file only: {error}");
                }
            }
        }
    }

    async fn put(
        &mut self,
        stream: &LogStream,
        events: Vec<InputLogEvent>,
    ) -> Result<(), aws_sdk_cloudwatchlogs::Error> {
        let Self { client, roles, clients, .. } = self;
        let client = match &stream.role {
            Some(role) => clients.entry(role.clone()).or_insert_with(|| roles.logs(client, role)),
            None => client,
        };
        let request = client.put_log_events();
        let request = request.log_group_name(&stream.group).log_stream_name(&stream.name);
        let request = request.set_log_events(Some(events));
        match request.clone().send().await {
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(PutLogEventsError::is_resource_not_found_exception) =>
            {
                let create = client.create_log_stream();
                create.log_group_name(&stream.group).log_stream_name(&stream.name).send().await?;
                request.send().await?;
            }
            response => drop(response?),
        }
        Ok(())
    }
}

/// Groups lines by log stream, and splits the groups to the size of one request.
///
/// Events must be in chronological order, but lines without a time have that of their arrival:
/// <https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html>.
fn batches(mut lines: Vec<Line>) -> Vec<(Arc<LogStream>, Vec<InputLogEvent>)> {
    lines.sort_by_key(|line| line.event.timestamp);
    let mut full = Vec::new();
    let mut open: BTreeMap<Arc<LogStream>, (usize, Vec<InputLogEvent>)> = BTreeMap::new();
    for Line { stream, event } in lines {
        let bytes = event.message.len() + EVENT_BYTES;
        let (size, events) = open.entry(Arc::clone(&stream)).or_default();
        if *size + bytes > MAXIMUM_BATCH_BYTES {
            full.push((stream, std::mem::take(events)));
            *size = 0;
        }
        *size += bytes;
        events.push(event);
    }
    full.extend(open.into_iter().map(|(stream, (_, events))| (stream, events)));
    full
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_delivered_by_log_in_order_and_in_portions() {
        let (sink, mut lines) = LogSink::new();
        let role = RoleSession::new("role/role", &"function".parse().unwrap());
        let [one, other] = ["one", "other"].map(|group| Arc::new(LogStream::new(group, &role)));
        for number in 0..5 {
            sink.take(&one, format!("{number}{}\n", "x".repeat(MAXIMUM_LINE_BYTES - 1)).as_bytes());
            sink.take(&other, format!("{number}\r\n").as_bytes());
        }
        sink.take(&other, b" \n");
        let taken = std::iter::from_fn(|| lines.try_recv().ok()).collect();
        let batches = batches(taken);
        let shown: Vec<_> = batches
            .iter()
            .map(|(stream, events)| {
                let firsts: String = events.iter().filter_map(|event| event.message.chars().next()).collect();
                (stream.group.as_str(), firsts)
            })
            .collect();
        let expected = [("one", "0123"), ("one", "4"), ("other", "01234")];
        assert_eq!(shown, expected.map(|(group, lines)| (group, lines.to_owned())));
    }

    #[test]
    fn event_has_the_time_of_its_line() {
        let (sink, mut lines) = LogSink::new();
        let role = RoleSession::new("role/role", &"function".parse().unwrap());
        let stream = Arc::new(LogStream::new("group", &role));
        let mut time_of = |line: &str| {
            sink.take(&stream, line.as_bytes());
            lines.try_recv().unwrap().event.timestamp
        };
        let line = r#"{"level":"INFO","timestamp":"2026-11-24T18:38:10.000700Z"}"#;
        assert_eq!(time_of(line), 1_795_545_490_000);
        let before = Utc::now().timestamp_millis();
        for line in ["text", r#"{"level":"INFO"}"#, r#"{"timestamp":"today"}"#] {
            assert!(time_of(line) >= before, "{line}");
        }
    }

    #[test]
    fn full_queue_drops_lines_without_waiting() {
        let (sink, mut lines) = LogSink::new();
        let stream =
            Arc::new(LogStream::new("group", &RoleSession::new("role/role", &"function".parse().unwrap())));
        for _ in 0..QUEUE + 10 {
            sink.take(&stream, b"line");
        }
        assert_eq!(std::iter::from_fn(|| lines.try_recv().ok()).count(), QUEUE);
        assert_eq!(sink.lost.load(Ordering::Relaxed), 10);
    }
}
