//! A viewer that never stops looking.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use reqwest::StatusCode;
use tokio::task::JoinSet;

use crate::client::Client;
use crate::stack::Running;
use crate::waiting::eventually;

/// How many look at the same time.
const EYES: usize = 4;
/// How many URLs each keeps, and opens again.
const KEPT: usize = 4;

/// Signs URLs by the API and opens them at the CDN, without a pause.
pub(super) struct Viewer {
    eyes: JoinSet<Vec<String>>,
    stops: Arc<AtomicBool>,
    opened: Arc<AtomicU32>,
}

/// What a viewer has seen.
pub(super) struct Seen {
    /// How many URLs were opened, those that were opened again too.
    pub(super) opened: u32,
    /// What was refused, by the API or by the CDN.
    pub(super) refused: Vec<String>,
}

impl Viewer {
    pub(super) fn start(running: &'static Running) -> Self {
        let (stops, opened) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU32::new(0)));
        let mut eyes = JoinSet::new();
        for _ in 0..EYES {
            eyes.spawn(look(Client::of(&running.stack), Arc::clone(&stops), Arc::clone(&opened)));
        }
        Self { eyes, stops, opened }
    }

    /// Waits until all that is kept now has been opened once more, and new URLs with it.
    pub(super) async fn looks_again(&self) {
        let all = u32::try_from(EYES * KEPT).unwrap();
        let seen = self.opened.load(Ordering::Relaxed) + 2 * all;
        let looked = async || (self.opened.load(Ordering::Relaxed) >= seen).then_some(());
        eventually("the viewer looks again", looked).await;
    }

    pub(super) async fn stop(self) -> Seen {
        self.stops.store(true, Ordering::Relaxed);
        let refused = self.eyes.join_all().await.concat();
        Seen { opened: self.opened.load(Ordering::Relaxed), refused }
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
