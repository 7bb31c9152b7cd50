//! Traces of invocations, as Lambda and its functions send them to X-Ray.
//!
//! Lambda itself sends two segments for each invocation of a function with active tracing (`segments`). It also runs a
//! daemon beside each function, which receives what the function sends (`daemon`). Both are delivered with the role of
//! the function: <https://docs.aws.amazon.com/lambda/latest/dg/services-xray.html>.
//!
//! Delivery never blocks a function or an invocation: if the queue is full, a document is lost.

mod daemon;
mod segments;

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use aws_sdk_xray::Client;
use machine::causes::with_causes;
use tokio::fs::OpenOptions;
use tokio::io::AsyncWriteExt as _;
use tokio::sync::mpsc;

pub(super) use self::daemon::Daemon;
pub(super) use self::segments::InvocationTrace;
pub(crate) use self::segments::new_trace_id;
use crate::role::{RoleSession, Roles};

/// Capacity of the queue in documents.
const QUEUE: usize = 4000;
/// The number of documents in one request, as the daemon of AWS sends them.
const DOCUMENTS_PER_REQUEST: usize = 50;
/// How long documents are collected before a delivery.
const GATHERING: Duration = Duration::from_millis(200);

/// A document, and the role with which it is delivered.
pub(super) struct Document {
    pub(super) role: RoleSession,
    pub(super) text: String,
}

/// Accepts documents.
#[derive(Clone)]
pub struct TraceSink {
    documents: mpsc::Sender<Document>,
    lost: Arc<AtomicUsize>,
}

/// Delivers documents to X-Ray, and writes them to a file.
pub struct TraceDelivery {
    client: Client,
    roles: Roles,
    documents: mpsc::Receiver<Document>,
    lost: Arc<AtomicUsize>,
    file: PathBuf,
}

/// Returns the two ends of the queue of documents. They are also appended to a file, one per line.
pub fn trace_delivery(client: Client, roles: Roles, file: PathBuf) -> (TraceSink, TraceDelivery) {
    let (sink, documents) = TraceSink::new();
    let lost = Arc::clone(&sink.lost);
    (sink, TraceDelivery { client, roles, documents, lost, file })
}

impl TraceSink {
    pub(super) fn new() -> (Self, mpsc::Receiver<Document>) {
        let (documents, receiver) = mpsc::channel(QUEUE);
        (Self { documents, lost: Arc::default() }, receiver)
    }

    pub(super) fn take(&self, document: Document) {
        if self.documents.try_send(document).is_err() {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl TraceDelivery {
    /// Delivers documents until `shutdown` completes, then those that are still in the queue.
    pub async fn run(mut self, shutdown: impl Future<Output = ()>) {
        tokio::pin!(shutdown);
        let mut ends = false;
        while !ends {
            let mut documents = Vec::new();
            tokio::select! {
                biased;
                () = &mut shutdown => ends = true,
                count = self.documents.recv_many(&mut documents, QUEUE) => {
                    ends = count == 0;
                    tokio::time::sleep(GATHERING).await;
                }
            }
            while documents.len() < QUEUE
                && let Ok(document) = self.documents.try_recv()
            {
                documents.push(document);
            }
            let lost = self.lost.swap(0, Ordering::Relaxed);
            if lost > 0 {
                tracing::warn!("{lost} documents of traces are lost: X-Ray does not keep up");
            }
            if let Err(error) = self.write(&documents).await {
                tracing::warn!("cannot write {}: {error}", self.file.display());
            }
            for (role, texts) in batches(documents) {
                self.put(&role, texts).await;
            }
        }
    }

    async fn write(&self, documents: &[Document]) -> io::Result<()> {
        let mut file = OpenOptions::new().create(true).append(true).open(&self.file).await?;
        for document in documents {
            file.write_all(document.text.as_bytes()).await?;
            file.write_all(b"\n").await?;
        }
        file.flush().await
    }

    async fn put(&self, role: &RoleSession, documents: Vec<String>) {
        let count = documents.len();
        let client = self.roles.xray(&self.client, role);
        let request = client.put_trace_segments();
        let sent = request.set_trace_segment_documents(Some(documents)).send().await;
        match sent {
            Ok(response) => {
                for rejected in response.unprocessed_trace_segments.unwrap_or_default() {
                    let reason = rejected.message.or(rejected.error_code).unwrap_or_default();
                    tracing::warn!(function = %role.function, "X-Ray rejected a document: {reason}");
                }
            }
            Err(error) => {
                let error = with_causes(&error);
                tracing::warn!(function = %role.function, "{count} documents of traces are lost: {error}");
            }
        }
    }
}

/// Groups documents by role, and splits the groups to the size of one request.
fn batches(documents: Vec<Document>) -> Vec<(RoleSession, Vec<String>)> {
    let mut groups: BTreeMap<RoleSession, Vec<String>> = BTreeMap::new();
    let mut full = Vec::new();
    for Document { role, text } in documents {
        let group = groups.entry(role.clone()).or_default();
        group.push(text);
        if group.len() == DOCUMENTS_PER_REQUEST {
            full.push((role, std::mem::take(group)));
        }
    }
    full.extend(groups.into_iter().filter(|(_, texts)| !texts.is_empty()));
    full
}

#[cfg(test)]
mod tests {
    use super::{DOCUMENTS_PER_REQUEST, Document, QUEUE, RoleSession, TraceSink, batches};

    fn document(role: &str, text: usize) -> Document {
        let role = RoleSession::new(role, &"function".parse().unwrap());
        Document { role, text: text.to_string() }
    }

    #[test]
    fn documents_are_delivered_by_role_in_order_and_in_portions() {
        let documents = (0..120).map(|number| document(if number < 105 { "one" } else { "other" }, number));
        let batches = batches(documents.collect());
        let shown: Vec<_> = batches
            .iter()
            .map(|(role, texts)| (role.role.as_str(), texts.len(), texts[0].as_str()))
            .collect();
        let expected =
            [("one", DOCUMENTS_PER_REQUEST, "0"), ("one", 50, "50"), ("one", 5, "100"), ("other", 15, "105")];
        assert_eq!(shown, expected);
    }

    #[test]
    fn full_queue_drops_documents_without_waiting() {
        let (sink, mut documents) = TraceSink::new();
        for number in 0..QUEUE + 10 {
            sink.take(document("role", number));
        }
        assert_eq!(std::iter::from_fn(|| documents.try_recv().ok()).count(), QUEUE);
        assert_eq!(sink.lost.load(super::Ordering::Relaxed), 10);
    }
}
