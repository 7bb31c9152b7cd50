//! An S3 server for tests with conditional writes, which can lose responses.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};

use aws_config::{BehaviorVersion, Region};
use aws_credential_types::Credentials;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

use crate::connection::Connection;

const DATE: &str = "Tue, 24 Nov 2026 18:40:00 GMT";

/// A fault during a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    None,
    /// The request is lost.
    LostRequest,
    /// The request succeeds, but its response is lost.
    LostResponse,
    /// Status 409: another write is in progress.
    Conflict,
    /// Status 503.
    Unavailable,
}

/// A bucket on 127.0.0.1, and a connection to it.
pub(crate) struct FakeBucket {
    pub(crate) connection: Connection,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    /// The objects by key. Their ETag is the number of the write.
    objects: BTreeMap<String, (u32, Vec<u8>)>,
    writes: u32,
    faults: VecDeque<Fault>,
}

/// The status, a header, and the body of a response.
type Response = (&'static str, String, Vec<u8>);

impl FakeBucket {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let state = Arc::new(Mutex::new(State::default()));
        let served = Arc::clone(&state);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&served)));
            }
        });
        let configuration = aws_config::defaults(BehaviorVersion::v2026_01_12())
            .region(Region::new("us-east-1"))
            .endpoint_url(endpoint)
            .credentials_provider(Credentials::new("test", "test", None, None, "test"))
            .load()
            .await;
        Self { connection: Connection::for_test(configuration), state }
    }

    /// Sets the faults of the next writes, one for each write.
    pub(crate) fn fail_next_writes(&self, faults: &[Fault]) {
        self.state.lock().unwrap().faults.extend(faults);
    }

    /// Returns how many writes were received, including failed ones.
    pub(crate) fn writes(&self) -> u32 {
        self.state.lock().unwrap().writes
    }

    /// Writes an object unconditionally.
    pub(crate) fn put(&self, key: &str, bytes: Vec<u8>) {
        let mut state = self.state.lock().unwrap();
        state.writes += 1;
        let object = (state.writes, bytes);
        state.objects.insert(key.to_owned(), object);
    }

    pub(crate) fn remove(&self, key: &str) {
        self.state.lock().unwrap().objects.remove(key);
    }

    pub(crate) fn object(&self, key: &str) -> Option<Vec<u8>> {
        self.state.lock().unwrap().objects.get(key).map(|(_, bytes)| bytes.clone())
    }
}

/// Serves one request per connection.
///
/// A connection that ends without a response simulates a lost one.
async fn serve(stream: TcpStream, state: Arc<Mutex<State>>) {
    let mut stream = BufReader::new(stream);
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await.unwrap_or(0) == 0 {
            return;
        }
        let line = line.trim_end().to_owned();
        if line.is_empty() {
            break;
        }
        lines.push(line);
    }
    let header = |name: &str| {
        let mut headers = lines.iter().filter_map(|line| line.split_once(": "));
        headers.find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value.to_owned())
    };
    let length = header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.unwrap();
    let mut words = lines[0].split(' ');
    let (method, path) = (words.next().unwrap(), words.next().unwrap());
    let path = path.split('?').next().unwrap().trim_start_matches('/');
    let (_, key) = path.split_once('/').unwrap();
    let response = state.lock().unwrap().respond(
        method,
        key,
        body,
        header("if-match"),
        header("if-none-match").as_deref(),
    );
    let Some((status, header, body)) = response else { return };
    let length = body.len();
    let head = format!(
        "HTTP/1.1 {status}\r\ndate: {DATE}\r\nlast-modified: {DATE}\r\nconnection: close\r\n{header}content-length: {length}\r\n\r\n"
    );
    let body = if method == "HEAD" { Vec::new() } else { body };
    let _ = stream.write_all(&[head.into_bytes(), body].concat()).await;
}

impl State {
    /// Returns the response to a request, or `None` to close the connection.
    fn respond(
        &mut self,
        method: &str,
        key: &str,
        body: Vec<u8>,
        if_match: Option<String>,
        if_none_match: Option<&str>,
    ) -> Option<Response> {
        let tag = self.objects.get(key).map(|(number, _)| format!("\"{number}\""));
        let holds = if_match.is_none_or(|wanted| tag.as_ref() == Some(&wanted));
        let holds = holds && (if_none_match.is_none() || tag.is_none());
        match method {
            "GET" | "HEAD" => Some(match self.objects.get(key) {
                Some((number, bytes)) => ("200 OK", format!("etag: \"{number}\"\r\n"), bytes.clone()),
                None => error("404 Not Found", "NoSuchKey"),
            }),
            "PUT" => {
                self.writes += 1;
                let fault = self.faults.pop_front().unwrap_or(Fault::None);
                match fault {
                    Fault::LostRequest => return None,
                    Fault::Conflict => return Some(error("409 Conflict", "ConditionalRequestConflict")),
                    Fault::Unavailable => return Some(error("503 Slow Down", "SlowDown")),
                    Fault::None | Fault::LostResponse if !holds => {
                        return Some(error("412 Precondition Failed", "PreconditionFailed"));
                    }
                    Fault::None | Fault::LostResponse => {}
                }
                self.objects.insert(key.to_owned(), (self.writes, body));
                let tag = format!("etag: \"{}\"\r\n", self.writes);
                (fault == Fault::None).then(|| ("200 OK", tag, Vec::new()))
            }
            "DELETE" if holds => {
                self.objects.remove(key);
                Some(("204 No Content", String::new(), Vec::new()))
            }
            _ => Some(error("412 Precondition Failed", "PreconditionFailed")),
        }
    }
}

fn error(status: &'static str, code: &str) -> Response {
    let body = format!("<Error><Code>{code}</Code><Message>{code}</Message></Error>");
    (status, "content-type: application/xml\r\n".to_owned(), body.into_bytes())
}
