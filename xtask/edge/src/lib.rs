//! CloudFront on this machine: serves the deployed distribution as CloudFront would.
//!
//! The configuration is read from the deployed resources, never from the code that deployed them: behaviors, cache
//! policies, response headers policies, trusted key groups, the origin and the permissions in its bucket policy. It
//! is read again when it is older than a second, so that a change, such as a key rotation, takes effect at once.
//! CloudFront itself takes minutes to propagate a change.
//!
//! Emulated features: signed URLs and signed cookies (canned and custom policies, RSA and ECDSA, SHA-1 and SHA-256),
//! behaviors by path pattern, methods and errors, ranges, conditional requests, CORS with preflights handled by the
//! bucket's rules, time to live, and the headers `X-Cache`, `Age`, `Via` and `X-Amz-Cf-Id`. Query strings and cookies
//! are never forwarded to the origin.
//!
//! Not emulated: HTTPS (viewer protocol policies are ignored; URLs begin with `http:`), compression (bodies are sent
//! as stored, even if a policy allows gzip), HTTP/2 and HTTP/3, caching of errors and of objects over 1 MiB,
//! revalidation, invalidations, and custom error responses. A distribution is rejected with status 503 and the reason
//! if it caches by query string, header or cookie, runs functions, trusts accounts as signers, or has an origin other
//! than an S3 bucket with origin access control.

pub mod authorization;
pub mod cache;
pub mod conditions;
pub mod credentials;
pub mod distribution;
mod handler;
mod object;
pub mod origin;
mod page;
pub mod policy;
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
use tokio::net::TcpListener;
use tokio::sync::Mutex;

use cache::Cache;
use distribution::{Distribution, ReadError};
use object::Store;

/// Maximum age of the distribution's configuration before it is read again.
const FRESH: Duration = Duration::from_secs(1);

/// Time limit for reading the distribution.
const PATIENCE: Duration = Duration::from_secs(10);

/// An edge location that serves one distribution.
#[derive(Debug)]
pub struct Edge {
    cloudfront: aws_sdk_cloudfront::Client,
    distribution_id: String,
    known: Mutex<Option<(Instant, Arc<Distribution>)>>,
    store: Store,
}

impl Edge {
    /// Creates an edge for the distribution with this id. The distribution is read at the first request.
    ///
    /// `s3` must use path-style addresses, which the emulator needs to find the bucket.
    pub fn new(
        cloudfront: aws_sdk_cloudfront::Client,
        s3: aws_sdk_s3::Client,
        distribution_id: impl Into<String>,
    ) -> Self {
        Self {
            cloudfront,
            distribution_id: distribution_id.into(),
            known: Mutex::new(None),
            store: Store { s3, cache: Cache::default() },
        }
    }

    /// Returns the deployed distribution, at most a second old.
    pub async fn distribution(&self) -> Result<Arc<Distribution>, ReadError> {
        let mut known = self.known.lock().await;
        if let Some((read_at, distribution)) = &*known
            && read_at.elapsed() < FRESH
        {
            return Ok(Arc::clone(distribution));
        }
        let reading = distribution::read(&self.cloudfront, &self.store.s3, &self.distribution_id);
        let distribution = tokio::time::timeout(PATIENCE, reading).await.map_err(|_| ReadError::Api {
            what: format!("distribution {}", self.distribution_id),
            cause: format!("no answer within {} s", PATIENCE.as_secs()),
        })??;
        let distribution = Arc::new(distribution);
        *known = Some((Instant::now(), Arc::clone(&distribution)));
        Ok(distribution)
    }
}

/// Serves viewers on `listener` until `shutdown` completes, then finishes the requests in progress.
pub async fn serve(
    listener: TcpListener,
    edge: Edge,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    let viewers = Router::new()
        .fallback(
            async |State(edge): State<Arc<Edge>>,
                   ConnectInfo(viewer): ConnectInfo<SocketAddr>,
                   request: Request| {
                let (parts, _body) = request.into_parts();
                handler::handle(&edge, &parts, viewer.ip()).await
            },
        )
        .with_state(Arc::new(edge))
        .into_make_service_with_connect_info::<SocketAddr>();
    axum::serve(listener, viewers).with_graceful_shutdown(shutdown).await
}
