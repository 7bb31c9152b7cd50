//! HTTP requests to other hosts.
//!
//! Connections are kept only as long as the network keeps them.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use reqwest::header::HeaderMap;
use reqwest::redirect::Policy;
use reqwest::{Client, Response};

use crate::clock;

/// How long an idle connection is kept.
///
/// A NAT gateway drops an idle connection after 350 s, and responds to later packets with a reset:
/// <https://docs.aws.amazon.com/vpc/latest/userguide/nat-gateway-troubleshooting.html>.
const LONGEST_IDLE: Duration = Duration::from_mins(1);

/// The time limit of an attempt.
///
/// Two attempts for each of two requests end before the timeout of the gateway.
const ATTEMPT_TIME: Duration = Duration::from_secs(6);

/// A client for requests that can be repeated.
#[derive(Default)]
pub(crate) struct HttpClient {
    kept: Mutex<Option<Kept>>,
}

struct Kept {
    client: Client,
    used: SystemTime,
}

impl HttpClient {
    /// Sends a GET and does not follow redirects.
    ///
    /// Without a response, it sends the request once more over a new connection, because a kept connection
    /// may have been dropped.
    pub(crate) async fn get(&self, url: &str, headers: HeaderMap) -> reqwest::Result<Response> {
        let kept = self.client(clock::now())?;
        match kept.get(url).headers(headers.clone()).send().await {
            Err(error) if !error.is_builder() => {
                self.renewed(clock::now())?.get(url).headers(headers).send().await
            }
            response => response,
        }
    }

    /// Returns the kept client, or a new one after a long pause.
    ///
    /// The pause is measured by the wall clock. The limit of the client itself uses a clock that stops while
    /// the function is frozen.
    fn client(&self, now: SystemTime) -> reqwest::Result<Client> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(kept) = kept.as_mut() {
            let idle = now.duration_since(kept.used).unwrap_or(Duration::MAX);
            if idle < LONGEST_IDLE {
                kept.used = now;
                return Ok(kept.client.clone());
            }
        }
        drop(kept);
        self.renewed(now)
    }

    fn renewed(&self, now: SystemTime) -> reqwest::Result<Client> {
        let client = Client::builder()
            .redirect(Policy::none())
            .no_proxy()
            .connect_timeout(Duration::from_secs(2))
            .timeout(ATTEMPT_TIME)
            .pool_idle_timeout(LONGEST_IDLE)
            .build()?;
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(kept.insert(Kept { client, used: now }).client.clone())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use reqwest::header::HeaderMap;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::{TcpListener, TcpStream};

    use super::HttpClient;
    use crate::clock;

    /// A server that closes each connection after a number of responses.
    struct Server {
        url: String,
        connections: Arc<AtomicUsize>,
    }

    impl Server {
        async fn start(responses_per_connection: usize) -> Self {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let url = format!("http://{}/", listener.local_addr().unwrap());
            let connections = Arc::new(AtomicUsize::new(0));
            let counter = Arc::clone(&connections);
            tokio::spawn(async move {
                while let Ok((connection, _)) = listener.accept().await {
                    counter.fetch_add(1, Ordering::SeqCst);
                    tokio::spawn(serve(connection, responses_per_connection));
                }
            });
            Self { url, connections }
        }

        fn connections(&self) -> usize {
            self.connections.load(Ordering::SeqCst)
        }
    }

    async fn serve(mut connection: TcpStream, responses: usize) {
        for number in 0.. {
            let mut request = [0; 4096];
            if connection.read(&mut request).await.unwrap_or(0) == 0 || number == responses {
                return;
            }
            let response = "HTTP/1.1 204 No Content\r\n\r\n";
            if connection.write_all(response.as_bytes()).await.is_err() {
                return;
            }
        }
    }

    #[tokio::test]
    async fn request_on_a_closed_connection_is_sent_once_more() {
        let server = Server::start(1).await;
        let client = HttpClient::default();
        for connections in 1..4 {
            let response = client.get(&server.url, HeaderMap::new()).await.unwrap();
            assert_eq!(response.status(), 204);
            drop(response);
            assert_eq!(server.connections(), connections);
        }
        let silent = Server::start(0).await;
        assert!(client.get(&silent.url, HeaderMap::new()).await.is_err());
        assert_eq!(silent.connections(), 2, "one more attempt and no third");
    }

    #[tokio::test]
    async fn connection_is_not_reused_after_a_minute_of_wall_time() {
        let server = Server::start(usize::MAX).await;
        let client = HttpClient::default();
        let start = clock::now();
        for (seconds, connections) in [(0, 1), (59, 1), (118, 1), (178, 2), (177, 3)] {
            let kept = client.client(start + Duration::from_secs(seconds)).unwrap();
            assert_eq!(kept.get(&server.url).send().await.unwrap().status(), 204);
            assert_eq!(server.connections(), connections, "after {seconds} s");
        }
    }
}
