//! CloudFront on this machine: serves the deployed distribution as CloudFront would.
//!
//! The configuration is read from the deployed resources, never from the code that deployed them: behaviors, cache
//! policies, response headers policies, trusted key groups, the origin and the permissions in its bucket policy. It
//! is read again when it is older than a second, so that a change, such as a key rotation, takes effect at once.
//! CloudFront itself takes minutes to propagate a change; [`Edge::with_key_group_delay`] does the same for key groups.
//!
//! Emulated features: signed URLs and signed cookies (canned and custom policies, RSA and ECDSA, SHA-1 and SHA-256),
//! behaviors by path pattern, methods and errors, ranges, conditional requests, CORS with preflights handled by the
//! bucket's rules, time to live, one request to the origin for viewers that request the same bytes, and the headers
//! `X-Cache`, `Age`, `Via` and `X-Amz-Cf-Id`. Query strings and cookies are never forwarded to the origin.
//!
//! Not emulated: HTTPS (viewer protocol policies are ignored; URLs begin with `http:`), compression (bodies are sent
//! as stored, even if a policy allows gzip), HTTP/2 and HTTP/3, caching of errors, of HEAD, and of more than 1 MiB at once
//! (a larger object is cached by the ranges that viewers request), revalidation, invalidations, and custom error responses.
//! A distribution is rejected with status 503 and the reason if it caches by query string, header or cookie, runs
//! functions, trusts accounts as signers, or has an origin other than an S3 bucket with origin access control.

pub mod authorization;
pub mod cache;
mod collapsing;
pub mod conditions;
pub mod credentials;
pub mod distribution;
mod handler;
mod object;
pub mod origin;
mod page;
pub mod policy;
mod published;
pub mod range;
pub mod response_headers;
pub mod signature;
#[cfg(test)]
mod test_signer;
#[cfg(test)]
mod tests;
pub mod wildcard;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::{ConnectInfo, Request, State};
use cloudwatch::Metrics;
use tokio::net::TcpListener;
use tokio::sync::{Mutex, watch};

use distribution::{Distribution, KeyGroups, ReadError};
use object::Store;

/// Maximum age of the distribution's configuration before it is read again.
const FRESH: Duration = Duration::from_secs(1);

/// Time limit for reading the distribution.
const PATIENCE: Duration = Duration::from_secs(10);

/// An edge location that serves one distribution.
#[derive(Debug)]
pub struct Edge {
    cloudfront: aws_sdk_cloudfront::Client,
    distribution_id: watch::Sender<Option<String>>,
    control: Mutex<ControlPlane>,
    store: Store,
    metrics: Metrics,
}

/// What an edge location knows of the control plane.
#[derive(Debug, Default)]
struct ControlPlane {
    known: Option<Known>,
    key_groups: KeyGroups,
}

/// A distribution as it was deployed a moment ago.
#[derive(Debug)]
struct Known {
    id: String,
    read_at: Instant,
    distribution: Arc<Distribution>,
}

impl Edge {
    /// Creates an edge that serves no distribution yet.
    ///
    /// `s3` must use path-style addresses, which the emulator needs to find the bucket.
    pub fn new(cloudfront: aws_sdk_cloudfront::Client, s3: aws_sdk_s3::Client) -> Self {
        Self {
            cloudfront,
            distribution_id: watch::Sender::new(None),
            control: Mutex::default(),
            store: Store::new(s3),
            metrics: Metrics::default(),
        }
    }

    /// Records the metrics of the distribution there.
    #[must_use]
    pub fn with_metrics(mut self, metrics: Metrics) -> Self {
        self.metrics = metrics;
        self
    }

    /// Learns of a changed key group only after this time, as an edge location of CloudFront may.
    ///
    /// Without it, the next read of the distribution is enough. It is for tests of the rotation of keys.
    #[must_use]
    pub fn with_key_group_delay(mut self, delay: Duration) -> Self {
        self.control.get_mut().key_groups = KeyGroups::new(delay);
        self
    }

    /// Serves the distribution with this id from now on, or none. It is read at the next request.
    pub fn deploy(&self, distribution_id: Option<&str>) {
        self.distribution_id.send_replace(distribution_id.map(str::to_owned));
    }

    /// Returns the deployed distribution, at most a second old.
    pub async fn distribution(&self) -> Result<Arc<Distribution>, ReadError> {
        let mut control = self.control.lock().await;
        let ControlPlane { known, key_groups } = &mut *control;
        let id = self.distribution_id.borrow().clone().ok_or(ReadError::NothingDeployed)?;
        if let Some(known) = known
            && known.id == id
            && known.read_at.elapsed() < FRESH
        {
            return Ok(Arc::clone(&known.distribution));
        }
        let reading = distribution::read(&self.cloudfront, &self.store.s3, &id, key_groups);
        let distribution = tokio::time::timeout(PATIENCE, reading).await.map_err(|_| ReadError::Api {
            what: format!("distribution {id}"),
            cause: format!("no answer within {} s", PATIENCE.as_secs()),
        })??;
        let distribution = Arc::new(distribution);
        *known = Some(Known { id, read_at: Instant::now(), distribution: Arc::clone(&distribution) });
        Ok(distribution)
    }
}

/// Serves viewers on `listener` until `shutdown` completes, then finishes the requests in progress.
pub async fn serve(
    listener: TcpListener,
    edge: Arc<Edge>,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    let viewers = Router::new()
        .fallback(
            async |State(edge): State<Arc<Edge>>,
                   ConnectInfo(viewer): ConnectInfo<SocketAddr>,
                   request: Request| {
                let (parts, _body) = request.into_parts();
                let response = handler::handle(&edge, &parts, viewer.ip()).await;
                if let Some(id) = edge.distribution_id.borrow().as_deref() {
                    published::publish(&edge.metrics, id, response.status());
                }
                response
            },
        )
        .with_state(edge)
        .into_make_service_with_connect_info::<SocketAddr>();
    axum::serve(listener, viewers).with_graceful_shutdown(shutdown).await
}
