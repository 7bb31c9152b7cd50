//! The key set of an issuer whose keys change, and which counts requests.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::super::error::AuthorizerError;
use super::KeySet;

/// An issuer of tokens. Without keys it accepts connections and closes them.
struct Issuer {
    url: String,
    keys: Arc<Mutex<Option<Vec<&'static str>>>>,
    requests: Arc<AtomicUsize>,
}

impl Issuer {
    async fn start(keys: &[&'static str]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let issuer = Self {
            url: format!("http://{}/jwks.json", listener.local_addr().unwrap()),
            keys: Arc::new(Mutex::new(Some(keys.to_vec()))),
            requests: Arc::default(),
        };
        let (keys, requests) = (Arc::clone(&issuer.keys), Arc::clone(&issuer.requests));
        tokio::spawn(async move {
            while let Ok((connection, _)) = listener.accept().await {
                requests.fetch_add(1, Ordering::SeqCst);
                let keys = keys.lock().unwrap().clone();
                if let Some(keys) = keys {
                    respond(connection, &keys).await;
                }
            }
        });
        issuer
    }

    fn publishes(&self, keys: &[&'static str]) {
        *self.keys.lock().unwrap() = Some(keys.to_vec());
    }

    fn fails(&self) {
        *self.keys.lock().unwrap() = None;
    }

    fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }
}

async fn respond(mut connection: TcpStream, keys: &[&str]) {
    let mut request = [0; 4096];
    let _ = connection.read(&mut request).await;
    let keys: Vec<_> = keys
        .iter()
        .map(|id| json!({"kty": "RSA", "alg": "RS256", "kid": id, "n": "AQAB", "e": "AQAB"}))
        .collect();
    let body = json!({ "keys": keys }).to_string();
    let length = body.len();
    let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close";
    connection
        .write_all(format!("{head}\r\ncontent-length: {length}\r\n\r\n{body}").as_bytes())
        .await
        .unwrap();
}

/// The outcome of a search for a key.
#[derive(Debug, PartialEq, Eq)]
enum Outcome {
    Known,
    Unknown,
    Undecided,
}

/// Searches for a key at a time since the beginning.
async fn ask(set: &KeySet, issuer: &Issuer, id: &str, since_start: Duration) -> Outcome {
    let now = SystemTime::UNIX_EPOCH + Duration::from_hours(24) + since_start;
    match set.key(id, &issuer.url, now).await {
        Ok(Some(_)) => Outcome::Known,
        Ok(None) => Outcome::Unknown,
        Err(AuthorizerError::UnknownKey | AuthorizerError::KeySet(_)) => Outcome::Undecided,
        Err(other) => panic!("{other}"),
    }
}

const MINUTE: Duration = Duration::from_mins(1);

#[tokio::test]
async fn removed_key_is_rejected_within_the_hour() {
    let (issuer, set) = (Issuer::start(&["old", "new"]).await, KeySet::default());
    assert_eq!(ask(&set, &issuer, "old", Duration::ZERO).await, Outcome::Known);
    issuer.publishes(&["new"]);
    assert_eq!(ask(&set, &issuer, "new", MINUTE * 29).await, Outcome::Known);
    assert_eq!(issuer.requests(), 1, "a key set is used for a while");
    assert_eq!(ask(&set, &issuer, "old", MINUTE * 31).await, Outcome::Unknown);
    assert_eq!(ask(&set, &issuer, "new", MINUTE * 31).await, Outcome::Known);
    assert_eq!(issuer.requests(), 2);
}

#[tokio::test]
async fn key_set_is_used_for_less_than_an_hour_if_the_issuer_fails() {
    let (issuer, set) = (Issuer::start(&["old"]).await, KeySet::default());
    assert_eq!(ask(&set, &issuer, "old", Duration::ZERO).await, Outcome::Known);
    issuer.fails();
    assert_eq!(ask(&set, &issuer, "old", MINUTE * 54).await, Outcome::Known);
    assert_eq!(ask(&set, &issuer, "old", MINUTE * 55).await, Outcome::Undecided);
    issuer.publishes(&[]);
    assert_eq!(ask(&set, &issuer, "old", MINUTE * 56).await, Outcome::Unknown);
}

#[tokio::test]
async fn unknown_key_is_no_decision_if_the_set_was_read_a_moment_ago() {
    let (issuer, set) = (Issuer::start(&["old"]).await, KeySet::default());
    assert_eq!(ask(&set, &issuer, "old", Duration::ZERO).await, Outcome::Known);
    issuer.publishes(&["old", "new"]);
    assert_eq!(ask(&set, &issuer, "new", Duration::from_secs(29)).await, Outcome::Undecided);
    assert_eq!(issuer.requests(), 1, "a token with an unknown key can come from anyone");
    assert_eq!(ask(&set, &issuer, "new", Duration::from_secs(31)).await, Outcome::Known);
    assert_eq!(ask(&set, &issuer, "stranger", Duration::from_secs(62)).await, Outcome::Unknown);
    assert_eq!(issuer.requests(), 3);
}

#[tokio::test]
async fn failing_issuer_is_not_asked_again_for_a_while() {
    let (issuer, set) = (Issuer::start(&[]).await, KeySet::default());
    issuer.fails();
    assert_eq!(ask(&set, &issuer, "one", Duration::ZERO).await, Outcome::Undecided);
    let after_first = issuer.requests();
    assert!(after_first > 0);
    assert_eq!(ask(&set, &issuer, "two", Duration::from_secs(4)).await, Outcome::Undecided);
    assert_eq!(issuer.requests(), after_first);
    issuer.publishes(&["two"]);
    assert_eq!(ask(&set, &issuer, "two", Duration::from_secs(6)).await, Outcome::Known);
}
