//! What changes, as one stream of server-sent events.
//!
//! A browser keeps at most six HTTP/1.1 connections to one server open, for all its tabs together, so a page has one stream
//! for everything: <https://developer.mozilla.org/en-US/docs/Web/API/EventSource>. The browser itself connects again after
//! an interruption, and then gets each document once.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::response::Sse;
use axum::response::sse::{Event, KeepAlive};
use futures_util::Stream;
use futures_util::stream::unfold;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::sync::{mpsc, watch};
use tokio::time::{MissedTickBehavior, interval, timeout};
use url::Url;

use super::{Component, ConsoleModel, Topic};

/// How long a document may take.
const LIMIT: Duration = Duration::from_secs(10);
/// How long a browser waits before it connects again, long enough for a restart of the stack to get its port back.
const RETRY: Duration = Duration::from_secs(1);
/// Time limit for a connection to a component before it is shown as down.
const PROBE_LIMIT: Duration = Duration::from_millis(500);
/// How often components and functions are looked at.
const INTERVAL: Duration = Duration::from_secs(2);

/// All topics, and whether the console is shutting down.
#[derive(Clone)]
pub(super) struct Topics {
    topics: Vec<Topic>,
    stopped: watch::Receiver<bool>,
}

impl Topics {
    pub(super) fn new(model: &ConsoleModel, stopped: watch::Receiver<bool>) -> Self {
        let (components, statistics) = (model.components.clone(), model.statistics.clone());
        let own = [
            Topic {
                name: "components",
                interval: INTERVAL,
                read: Arc::new(move || Box::pin(look_at(components.clone()))),
            },
            Topic {
                name: "statistics",
                interval: INTERVAL,
                read: Arc::new(move || {
                    let statistics = statistics();
                    Box::pin(async { Ok(statistics) })
                }),
            },
        ];
        Self { topics: model.topics.iter().cloned().chain(own).collect(), stopped }
    }
}

/// Sends each document once, and again after each change, until the client disconnects.
pub(super) async fn stream(
    State(Topics { topics, stopped }): State<Topics>,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let (events, received) = mpsc::channel(topics.len());
    for topic in topics {
        tokio::spawn(follow(topic, events.clone(), stopped.clone()));
    }
    let events = unfold(received, async |mut received| Some((Ok(received.recv().await?), received)));
    Sse::new(events).keep_alive(KeepAlive::default())
}

async fn follow(topic: Topic, events: mpsc::Sender<Event>, mut stopped: watch::Receiver<bool>) {
    let mut ticks = interval(topic.interval);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut last = String::new();
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            () = events.closed() => return,
            _ = stopped.wait_for(|stopped| *stopped) => return,
        }
        let document = read(&topic).await.to_string();
        if document != last {
            let event = Event::default().event(topic.name).retry(RETRY).data(&document);
            if events.send(event).await.is_err() {
                return;
            }
            last = document;
        }
    }
}

async fn read(topic: &Topic) -> Value {
    match timeout(LIMIT, (topic.read)()).await {
        Ok(Ok(document)) => document,
        Ok(Err(message)) => json!({ "error": message }),
        Err(_) => json!({ "error": format!("reading the {} took too long", topic.name) }),
    }
}

async fn look_at(components: Vec<Component>) -> Result<Value, String> {
    let probes: Vec<_> =
        components.iter().map(|component| tokio::spawn(is_up(component.url.clone()))).collect();
    let mut rows = Vec::new();
    for (component, probe) in components.iter().zip(probes) {
        let mut row = json!(component);
        row["up"] = probe.await.unwrap_or(false).into();
        rows.push(row);
    }
    Ok(rows.into())
}

/// Returns whether a server accepts connections at a URL.
async fn is_up(url: String) -> bool {
    let Ok(url) = Url::parse(&url) else { return false };
    let port = url.port_or_known_default().or((url.scheme() == "postgres").then_some(5432));
    let (Some(host), Some(port)) = (url.host_str(), port) else { return false };
    let connect = TcpStream::connect((host.trim_matches(['[', ']']), port));
    matches!(timeout(PROBE_LIMIT, connect).await, Ok(Ok(_)))
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::Ordering;

    use super::super::testing::TestConsole;

    #[tokio::test]
    async fn document_arrives_again_only_after_a_change() {
        let console = TestConsole::start().await;
        let mut events = console.events().await;
        let first = events.next("counted").await;
        assert_eq!(first["count"], 0);
        console.counter.store(7, Ordering::Relaxed);
        assert_eq!(events.next("counted").await["count"], 7);

        // Another page begins with the current documents.
        assert_eq!(console.events().await.next("counted").await["count"], 7);
        console.stop().await;
    }

    #[tokio::test]
    async fn nothing_is_read_while_nobody_listens() {
        let console = TestConsole::start().await;
        // The server has started when it responds.
        console.json("/stack.json").await;
        let before = console.holders();
        let mut events = console.events().await;
        events.next("counted").await;
        assert!(console.holders() > before);
        drop(events);
        console.wait_for_holders(before).await;
        console.stop().await;
    }

    #[tokio::test]
    async fn document_that_cannot_be_read_arrives_as_an_error() {
        let console = TestConsole::start().await;
        assert_eq!(console.events().await.next("broken").await["error"], "no database");
        console.stop().await;
    }

    #[tokio::test]
    async fn components_are_shown_as_up_or_down() {
        let console = TestConsole::start().await;
        let components = console.events().await.next("components").await;
        assert_eq!((&components[0]["name"], &components[0]["up"]), (&"console".into(), &true.into()));
        assert_eq!((&components[1]["name"], &components[1]["up"]), (&"gone".into(), &false.into()));
        console.stop().await;
    }

    #[tokio::test]
    async fn open_stream_does_not_delay_the_shutdown() {
        let console = TestConsole::start().await;
        let mut events = console.events().await;
        events.next("counted").await;
        console.stop().await;
        events.end().await;
    }
}
