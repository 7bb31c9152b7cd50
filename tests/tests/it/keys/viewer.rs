//! A viewer that opens URLs one after the other.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use reqwest::StatusCode;
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::client::Client;
use crate::stack::Running;
use crate::waiting::eventually;

/// How many readers there are at the same time.
const READERS: usize = 4;
/// How many URLs each reader keeps and opens again.
const KEPT: usize = 4;

/// How long it waits after API Gateway refused a request as one too many.
const PAUSE: Duration = Duration::from_millis(50);

/// Gets signed URLs from the API and opens them at the CDN.
pub(super) struct Viewer {
    readers: JoinSet<Vec<String>>,
    stops: Arc<AtomicBool>,
    opened: Arc<AtomicU32>,
}

/// The results of a viewer.
pub(super) struct Results {
    /// How many URLs were opened, including those that were opened again.
    pub(super) opened: u32,
    /// The responses of the API and the CDN with an error.
    pub(super) rejected: Vec<String>,
}

impl Viewer {
    pub(super) fn start(running: &'static Running) -> Self {
        let (stops, opened) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU32::new(0)));
        let mut readers = JoinSet::new();
        for _ in 0..READERS {
            readers.spawn(read(Client::for_stack(&running.stack), Arc::clone(&stops), Arc::clone(&opened)));
        }
        Self { readers, stops, opened }
    }

    /// Waits until all current URLs have been opened again, and new ones too.
    pub(super) async fn wait_for_another_round(&self) {
        let all = u32::try_from(READERS * KEPT).unwrap();
        let wanted = self.opened.load(Ordering::Relaxed) + 2 * all;
        let is_reached = async || (self.opened.load(Ordering::Relaxed) >= wanted).then_some(());
        eventually("the viewer has opened its URLs again", is_reached).await;
    }

    pub(super) async fn stop(self) -> Results {
        self.stops.store(true, Ordering::Relaxed);
        let rejected = self.readers.join_all().await.concat();
        Results { opened: self.opened.load(Ordering::Relaxed), rejected }
    }
}

async fn read(client: Client, stops: Arc<AtomicBool>, opened: Arc<AtomicU32>) -> Vec<String> {
    let asset = &client.stack.assets.thumbnail;
    let mut urls: VecDeque<String> = VecDeque::new();
    let mut rejected = Vec::new();
    while !stops.load(Ordering::Relaxed) {
        let response = client.get("/cloudfront/sign", &client.asset(asset)).await;
        let (status, text) = (response.status(), response.text().await.unwrap());
        match serde_json::from_str::<openapi::SignedFile>(&text) {
            // It asks more often than API Gateway allows. Like every client, it asks again later.
            _ if status == StatusCode::TOO_MANY_REQUESTS => sleep(PAUSE).await,
            Ok(signed) if status == StatusCode::OK => urls.push_front(signed.signed_url),
            _ => rejected.push(format!("API: {status} {text}")),
        }
        urls.truncate(KEPT);
        for url in &urls {
            let response = client.open(url).await;
            let status = response.status();
            opened.fetch_add(1, Ordering::Relaxed);
            if status != StatusCode::OK {
                rejected.push(format!("CDN: {status} {} for {url}", response.text().await.unwrap()));
            }
        }
    }
    rejected
}
