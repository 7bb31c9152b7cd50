//! A viewer that never stops looking.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use reqwest::StatusCode;
use tokio::task::JoinSet;

use crate::client::Client;
use crate::stack::Running;

/// How many look at the same time.
const EYES: usize = 4;
/// How many URLs each keeps, and opens again.
const KEPT: usize = 4;

/// Signs URLs by the API and opens them at the CDN, without a pause.
pub(super) struct Viewer {
    eyes: JoinSet<Vec<String>>,
    stops: Arc<AtomicBool>,
    opened: Arc<AtomicU32>,
    start: Instant,
}

/// What a viewer has seen.
pub(super) struct Seen {
    /// How many URLs were opened, those that were opened again too.
    pub(super) opened: u32,
    /// What was refused, by the API or by the CDN.
    pub(super) refused: Vec<String>,
    pub(super) elapsed: Duration,
}

impl Viewer {
    pub(super) fn start(running: &'static Running) -> Self {
        let (stops, opened) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU32::new(0)));
        let mut eyes = JoinSet::new();
        for _ in 0..EYES {
            eyes.spawn(look(Client::of(&running.stack), Arc::clone(&stops), Arc::clone(&opened)));
        }
        Self { eyes, stops, opened, start: Instant::now() }
    }

    pub(super) async fn stop(self) -> Seen {
        let elapsed = self.start.elapsed();
        self.stops.store(true, Ordering::Relaxed);
        let refused = self.eyes.join_all().await.concat();
        Seen { opened: self.opened.load(Ordering::Relaxed), refused, elapsed }
    }
}

async fn look(client: Client, stops: Arc<AtomicBool>, opened: Arc<AtomicU32>) -> Vec<String> {
    let asset = &client.stack.assets.thumbnail;
    let mut urls: VecDeque<String> = VecDeque::new();
    let mut refused = Vec::new();
    while !stops.load(Ordering::Relaxed) {
        let answer = client.get("/cloudfront/sign", &client.asset(asset)).await;
        let (status, text) = (answer.status(), answer.text().await.unwrap());
        match serde_json::from_str::<openapi::SignedFile>(&text) {
            Ok(signed) if status == StatusCode::OK => urls.push_front(signed.signed_url),
            _ => refused.push(format!("API: {status} {text}")),
        }
        urls.truncate(KEPT);
        for url in &urls {
            let answer = client.open(url).await;
            let status = answer.status();
            opened.fetch_add(1, Ordering::Relaxed);
            if status != StatusCode::OK {
                refused.push(format!("CDN: {status} {} for {url}", answer.text().await.unwrap()));
            }
        }
    }
    refused
}
