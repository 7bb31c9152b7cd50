//! A console with known content, for tests.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use reqwest::{Client, RequestBuilder, Response};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::{Action, Component, ConsoleModel, Lookup, Topic, serve};

/// Time limit after which a test fails.
const LIMIT: Duration = Duration::from_secs(30);

pub(super) struct TestConsole {
    pub(super) url: String,
    pub(super) client: Client,
    /// What the topic `counted` shows.
    pub(super) counter: Arc<AtomicUsize>,
    /// Reads the topic `counted`.
    counted: Topic,
    stop: oneshot::Sender<()>,
    server: JoinHandle<std::io::Result<()>>,
    /// The socket is bound but does not listen, so no other process can respond on its port.
    _silent: TcpSocket,
}

impl TestConsole {
    pub(super) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let silent = TcpSocket::new_v4().unwrap();
        silent.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let gone = format!("http://{}/", silent.local_addr().unwrap());
        let counter = Arc::new(AtomicUsize::new(0));
        let topic = counted(&counter);
        let model = model(&[("console", &url), ("gone", &gone)], &topic);
        let (stop, stopped) = oneshot::channel::<()>();
        let server = tokio::spawn(serve(listener, model, async {
            let _ = stopped.await;
        }));
        let client = Client::builder().no_proxy().build().unwrap();
        Self { url, client, counter, counted: topic, stop, server, _silent: silent }
    }

    pub(super) fn get(&self, path: &str) -> RequestBuilder {
        self.client.get(format!("{}{}", self.url, path.trim_start_matches('/'))).timeout(LIMIT)
    }

    pub(super) fn post(&self, path: &str) -> RequestBuilder {
        self.client.post(format!("{}{}", self.url, path.trim_start_matches('/'))).timeout(LIMIT)
    }

    /// A request as the page sends it.
    pub(super) fn action(&self, name: &str) -> RequestBuilder {
        self.post(&format!("actions/{name}")).header("x-console-action", "1")
    }

    pub(super) async fn json(&self, path: &str) -> Value {
        self.get(path).send().await.unwrap().error_for_status().unwrap().json().await.unwrap()
    }

    pub(super) async fn events(&self) -> Events {
        let response = self.client.get(format!("{}events", self.url)).send().await.unwrap();
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Events { response, text: String::new() }
    }

    /// Returns how many hold the topic `counted`. Each task that reads it is one of them.
    pub(super) fn holders(&self) -> usize {
        Arc::strong_count(&self.counted.read)
    }

    /// Waits until no more than these hold the topic.
    pub(super) async fn wait_for_holders(&self, count: usize) {
        let ended = async {
            while self.holders() > count {
                tokio::task::yield_now().await;
            }
        };
        timeout(LIMIT, ended).await.unwrap();
    }

    pub(super) async fn stop(self) {
        drop(self.stop);
        timeout(LIMIT, self.server).await.unwrap().unwrap().unwrap();
    }
}

/// A stream of events.
pub(super) struct Events {
    response: Response,
    text: String,
}

impl Events {
    /// Returns the next document of a topic.
    pub(super) async fn next(&mut self, topic: &str) -> Value {
        loop {
            while let Some((event, rest)) = self.text.split_once("\n\n") {
                let field =
                    |name: &str| event.lines().find_map(|line| line.strip_prefix(&format!("{name}: ")));
                let document =
                    (field("event") == Some(topic)).then(|| field("data").unwrap().parse().unwrap());
                self.text = rest.to_owned();
                if let Some(document) = document {
                    return document;
                }
            }
            let chunk =
                timeout(LIMIT, self.response.chunk()).await.unwrap().unwrap().expect("the stream has ended");
            self.text.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    }

    /// Waits for the end of the stream.
    pub(super) async fn end(mut self) {
        let ended = async { while let Ok(Some(_)) = self.response.chunk().await {} };
        timeout(LIMIT, ended).await.unwrap();
    }
}

fn model(components: &[(&str, &str)], counted: &Topic) -> ConsoleModel {
    let components = components.iter().map(|(name, url)| Component {
        name: (*name).to_owned(),
        url: (*url).to_owned(),
        description: "<b>".to_owned(),
    });
    ConsoleModel {
        stack_json: Arc::new(
            || json!({"api_url": "http://127.0.0.1:9001/x", "cdn_url": "http://127.0.0.1:9002"}),
        ),
        openapi: json!({"openapi": "3.1.0"}),
        components: components.collect(),
        statistics: Arc::new(|| json!({"api": {"invocations": 3}})),
        without_effect: vec!["CloudWatch::Dashboard: not shown".to_owned()],
        topics: vec![
            counted.clone(),
            Topic {
                name: "broken",
                interval: Duration::from_secs(1),
                read: Arc::new(|| Box::pin(async { Err("no database".to_owned()) })),
            },
        ],
        lookups: vec![Lookup {
            name: "trace",
            find: Arc::new(|id| {
                Box::pin(async move {
                    if id == "lost" { Err(format!("no trace {id}")) } else { Ok(json!({ "id": id })) }
                })
            }),
        }],
        actions: vec![Action {
            name: "delete",
            run: Arc::new(|parameters| {
                Box::pin(async move {
                    let package = parameters["package"].as_str().ok_or("no package")?;
                    Ok(json!({ "deleted": package }))
                })
            }),
        }],
    }
}

fn counted(counter: &Arc<AtomicUsize>) -> Topic {
    let counter = Arc::clone(counter);
    Topic {
        name: "counted",
        interval: Duration::from_millis(1),
        read: Arc::new(move || {
            let count = counter.load(Ordering::Relaxed);
            Box::pin(async move { Ok(json!({ "count": count })) })
        }),
    }
}
