//! Tests the poller with a fake queue in this process and real functions.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Mutex;

use aws_sdk_sqs::config::{BehaviorVersion, Credentials, Region};
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::{Notify, oneshot, watch};
use tokio::task::JoinHandle;

use super::*;
use crate::pool::testing::{Gate, TestPool, function};

/// A fake queue that delivers each message once, in order.
#[derive(Default)]
struct FakeQueue {
    state: Mutex<QueueState>,
    changed: Notify,
    /// Notified when a request finds the queue empty.
    found_empty: Notify,
}

#[derive(Default)]
struct QueueState {
    waiting: VecDeque<String>,
    in_flight: Vec<String>,
    /// The operations that were called.
    operations: BTreeSet<String>,
    deleted: Vec<String>,
}

impl FakeQueue {
    async fn start(messages: &[&str]) -> (Arc<Self>, Client) {
        let queue = Arc::new(Self::default());
        queue.state.lock().unwrap().waiting = messages.iter().map(ToString::to_string).collect();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().route("/", post(serve)).with_state(Arc::clone(&queue));
        tokio::spawn(async { axum::serve(listener, router).await });
        let config = aws_sdk_sqs::Config::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .region(Region::new("us-east-1"))
            .endpoint_url(url)
            .credentials_provider(Credentials::new("test", "test", None, None, "test"))
            .build();
        (queue, Client::from_conf(config))
    }

    /// Adds a message while the poller is waiting for one.
    fn send(&self, message: &str) {
        self.state.lock().unwrap().waiting.push_back(message.to_owned());
        self.changed.notify_waiters();
    }

    async fn receive(&self, request: &Value) -> Value {
        let wait = Duration::from_secs(request["WaitTimeSeconds"].as_u64().unwrap());
        let end = tokio::time::Instant::now() + wait;
        loop {
            let changed = self.changed.notified();
            let batch = self.take(usize::try_from(request["MaxNumberOfMessages"].as_u64().unwrap()).unwrap());
            if !batch.is_empty() {
                return json!({"Messages": batch});
            }
            self.found_empty.notify_one();
            if tokio::time::timeout_at(end, changed).await.is_err() {
                return json!({});
            }
        }
    }

    fn take(&self, most: usize) -> Vec<Value> {
        let state = &mut *self.state.lock().unwrap();
        let batch: Vec<String> = state.waiting.drain(..most.min(state.waiting.len())).collect();
        state.in_flight.extend(batch.clone());
        let message = |body: String| {
            json!({
                "MessageId": format!("id-{body}"), "ReceiptHandle": format!("handle-{body}"),
                "MD5OfBody": "", "Body": body, "Attributes": {"ApproximateReceiveCount": "1"},
            })
        };
        batch.into_iter().map(message).collect()
    }

    fn delete(&self, request: &Value) -> Value {
        let state = &mut *self.state.lock().unwrap();
        let mut successful = Vec::new();
        for entry in request["Entries"].as_array().unwrap() {
            let body = entry["ReceiptHandle"].as_str().unwrap().strip_prefix("handle-").unwrap();
            state.in_flight.retain(|message| message != body);
            state.deleted.push(body.to_owned());
            successful.push(json!({"Id": entry["Id"]}));
        }
        self.changed.notify_waiters();
        json!({"Successful": successful, "Failed": []})
    }

    /// Waits for a state of the queue and returns the deleted messages and those in flight.
    async fn until(&self, is_reached: impl Fn(&QueueState) -> bool) -> (Vec<String>, Vec<String>) {
        loop {
            let changed = self.changed.notified();
            {
                let state = self.state.lock().unwrap();
                if is_reached(&state) {
                    return (state.deleted.clone(), state.in_flight.clone());
                }
            }
            tokio::time::timeout(Duration::from_secs(20), changed).await.expect("the queue changes");
        }
    }
}

async fn serve(
    State(queue): State<Arc<FakeQueue>>,
    headers: HeaderMap,
    request: Bytes,
) -> (StatusCode, String) {
    let request: Value = serde_json::from_slice(&request).unwrap();
    let operation = headers["x-amz-target"].to_str().unwrap();
    queue.state.lock().unwrap().operations.insert(operation.to_owned());
    let response = match operation {
        "AmazonSQS.GetQueueUrl" if request["QueueName"] == "restore" => {
            json!({"QueueUrl": "http://localhost/restore"})
        }
        "AmazonSQS.GetQueueUrl" => {
            let error = json!({"__type": "com.amazonaws.sqs#QueueDoesNotExist", "message": "no such queue"});
            return (StatusCode::BAD_REQUEST, error.to_string());
        }
        "AmazonSQS.GetQueueAttributes" => json!({"Attributes": {}}),
        "AmazonSQS.ReceiveMessage" => queue.receive(&request).await,
        "AmazonSQS.DeleteMessageBatch" => queue.delete(&request),
        other => panic!("{other}"),
    };
    (StatusCode::OK, response.to_string())
}

fn mapping(batch_size: u16) -> EventSourceMapping {
    EventSourceMapping {
        queue: "arn:aws:sqs:us-east-1:000000000000:restore".parse().unwrap(),
        function: "arn:aws:lambda:us-east-1:000000000000:function:f".parse().unwrap(),
        batch_size,
        batching_window: Duration::ZERO,
        maximum_concurrency: Some(2),
        reports_batch_item_failures: true,
    }
}

struct Running {
    queue: Arc<FakeQueue>,
    test: TestPool,
    retired: watch::Sender<bool>,
    stop: oneshot::Sender<()>,
    poller: JoinHandle<()>,
}

impl Running {
    async fn start(mapping: EventSourceMapping, messages: &[&str], code: &str) -> Self {
        let (queue, sqs) = FakeQueue::start(messages).await;
        let test = TestPool::with(vec![function("f", code)]).await;
        let poller = Poller::new(mapping, &sqs, test.pool.clone()).await.unwrap();
        let (stop, stopped) = oneshot::channel();
        let retired = watch::Sender::new(false);
        let poller = tokio::spawn(poller.run(retired.subscribe(), async move { drop(stopped.await) }));
        Self { queue, test, retired, stop, poller }
    }

    async fn stop(self) {
        self.stop.send(()).unwrap();
        self.poller.await.unwrap();
        self.test.pool.stop().await;
    }
}

/// A handler that reports messages that start with `bad` as failed, and crashes on `crash`.
const FUNCTION: &str = r#"
def handle(event, context):
    if any(record["body"] == "crash" for record in event["Records"]): os._exit(1)
    return {"batchItemFailures": [
        {"itemIdentifier": record["messageId"]} for record in event["Records"] if record["body"].startswith("bad")]}
main(handle)
"#;

#[tokio::test]
async fn successful_messages_are_deleted_and_failed_ones_are_kept() {
    let running = Running::start(mapping(10), &["good 1", "bad 1", "good 2"], FUNCTION).await;
    let (deleted, in_flight) = running.queue.until(|queue| queue.deleted.len() == 2).await;
    assert_eq!(deleted, ["good 1", "good 2"]);
    assert_eq!(in_flight, ["bad 1"]);
    // No change of a visibility timeout, which belongs to the queue and the function.
    assert_eq!(
        running.queue.state.lock().unwrap().operations.iter().collect::<Vec<_>>(),
        [
            "AmazonSQS.DeleteMessageBatch",
            "AmazonSQS.GetQueueAttributes",
            "AmazonSQS.GetQueueUrl",
            "AmazonSQS.ReceiveMessage"
        ]
    );
    assert_eq!(running.test.pool.statistics()[&"f".parse().unwrap()].invocations, 1);
    running.stop().await;
}

#[tokio::test]
async fn function_error_keeps_its_batch_and_the_next_continues() {
    let running = Running::start(mapping(2), &["good 1", "crash", "good 2", "good 3"], FUNCTION).await;
    let (mut deleted, in_flight) = running.queue.until(|queue| queue.deleted.len() == 2).await;
    deleted.sort_unstable();
    assert_eq!(deleted, ["good 2", "good 3"]);
    assert_eq!(in_flight, ["good 1", "crash"]);
    running.stop().await;
}

#[tokio::test]
async fn response_is_ignored_without_partial_batch_responses() {
    let whole = EventSourceMapping { reports_batch_item_failures: false, ..mapping(10) };
    let running = Running::start(whole, &["bad 1", "bad 2"], FUNCTION).await;
    running.queue.until(|queue| queue.deleted.len() == 2).await;
    running.stop().await;
}

/// A mapping with a window that no test outlives.
fn gathering(batch_size: u16) -> EventSourceMapping {
    EventSourceMapping { batching_window: Duration::from_mins(5), ..mapping(batch_size) }
}

#[tokio::test]
async fn batch_is_gathered_within_the_window_until_it_is_full() {
    let messages: Vec<String> = (0..12).map(|number| number.to_string()).collect();
    let messages: Vec<&str> = messages.iter().map(String::as_str).collect();
    let running = Running::start(gathering(13), &messages, FUNCTION).await;
    running.queue.found_empty.notified().await;
    running.queue.send("last");
    running.queue.until(|queue| queue.deleted.len() == 13).await;
    assert_eq!(running.test.pool.statistics()[&"f".parse().unwrap()].invocations, 1);
    running.stop().await;
}

#[tokio::test]
async fn batch_that_is_not_full_is_sent_after_the_window() {
    let short = EventSourceMapping { batching_window: Duration::from_secs(1), ..mapping(100) };
    let running = Running::start(short, &["a"], FUNCTION).await;
    running.queue.until(|queue| queue.deleted.len() == 1).await;
    running.stop().await;
}

/// Returns a function that waits at the gate with the body of its first message.
fn waiting_function(gate: &Gate) -> String {
    format!("main(lambda event, context: [{}, None][1])\n", gate.wait("event['Records'][0]['body']"))
}

#[tokio::test]
async fn no_more_is_received_than_can_be_handled() {
    let gate = Gate::new().await;
    let one_at_a_time = EventSourceMapping { maximum_concurrency: Some(1), ..mapping(1) };
    let running = Running::start(one_at_a_time, &["a", "b"], &waiting_function(&gate)).await;
    let (first, go_on) = gate.arrival().await;
    assert_eq!(first, "a");
    assert_eq!(running.queue.state.lock().unwrap().waiting, ["b"]);
    drop(go_on);
    let (second, go_on) = gate.arrival().await;
    assert_eq!(second, "b");
    drop(go_on);
    let (deleted, _) = running.queue.until(|queue| queue.deleted.len() == 2).await;
    assert_eq!(deleted, ["a", "b"]);
    running.stop().await;
}

#[tokio::test]
async fn batches_are_handled_at_the_same_time() {
    let gate = Gate::new().await;
    let running = Running::start(mapping(1), &["a", "b"], &waiting_function(&gate)).await;
    let arrivals = [gate.arrival().await, gate.arrival().await];
    drop(arrivals);
    running.queue.until(|queue| queue.deleted.len() == 2).await;
    running.stop().await;
}

#[tokio::test]
async fn shutdown_waits_for_the_batch_under_way() {
    let gate = Gate::new().await;
    let Running { queue, test, stop, poller, .. } =
        Running::start(mapping(1), &["a", "b"], &waiting_function(&gate)).await;
    let arrivals = [gate.arrival().await, gate.arrival().await];
    stop.send(()).unwrap();
    drop(arrivals);
    poller.await.unwrap();
    assert_eq!(queue.state.lock().unwrap().deleted.len(), 2);
    test.pool.stop().await;
}

#[tokio::test]
async fn retired_poller_handles_what_its_last_request_receives() {
    let Running { queue, test, retired, stop: _stop, poller } =
        Running::start(mapping(1), &["a"], FUNCTION).await;
    queue.until(|queue| queue.deleted.len() == 1).await;
    queue.found_empty.notified().await;
    retired.send_replace(true);
    queue.send("b");
    poller.await.unwrap();
    assert_eq!(queue.state.lock().unwrap().deleted, ["a", "b"]);
    test.pool.stop().await;
}

#[tokio::test]
async fn retired_poller_does_not_wait_for_the_rest_of_the_window() {
    let Running { queue, test, retired, stop: _stop, poller } =
        Running::start(gathering(10), &["a"], FUNCTION).await;
    queue.found_empty.notified().await;
    retired.send_replace(true);
    queue.send("b");
    poller.await.unwrap();
    assert_eq!(queue.state.lock().unwrap().deleted, ["a", "b"]);
    test.pool.stop().await;
}

#[tokio::test]
async fn stopped_pool_fails_the_batch() {
    let gate = Gate::new().await;
    let Running { queue, test, stop, poller, .. } =
        Running::start(mapping(1), &["a"], &waiting_function(&gate)).await;
    let (_, _stay) = gate.arrival().await;
    stop.send(()).unwrap();
    test.pool.stop().await;
    poller.await.unwrap();
    assert_eq!(queue.state.lock().unwrap().in_flight, ["a"]);
}

#[tokio::test]
async fn missing_queue_is_named() {
    let (_queue, sqs) = FakeQueue::start(&[]).await;
    let test = TestPool::with(vec![]).await;
    let mut missing = mapping(10);
    missing.queue = "arn:aws:sqs:us-east-1:000000000000:missing".parse().unwrap();
    let error = Poller::new(missing, &sqs, test.pool.clone()).await.err().unwrap().to_string();
    assert!(error.contains("cannot find queue missing") && error.contains("QueueDoesNotExist"), "{error}");
}
