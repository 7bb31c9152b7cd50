//! CloudFront on this machine: serves the deployed distribution as CloudFront would.
//!
//! What is served is read from the deployed resources and never from the code that deployed them:
//! behaviors, cache policies, response headers policies, trusted key groups, the origin and what its
//! bucket's policy allows. It is read again when it is older than a second, so that a change, such as
//! a key rotation, shows at once; CloudFront itself takes minutes to spread one.
//!
//! What it does as CloudFront does: signed URLs and signed cookies (canned and custom policies, RSA
//! and ECDSA, SHA-1 and SHA-256), behaviors by path pattern, the methods and errors, ranges,
//! conditional requests, CORS with preflights answered by the bucket's rules, time to live, and
//! the headers `X-Cache`, `Age`, `Via` and `X-Amz-Cf-Id`. Query string and cookies never reach the
//! origin.
//!
//! What it does not do: HTTPS (viewer protocol policies are ignored; URLs begin with `http:`),
//! compression (bodies go out as they are stored, also where a policy allows gzip), HTTP/2 and 3,
//! caching of errors and of objects over 1 MiB, revalidation, invalidations, custom error
//! responses. A distribution that caches by query string, header or cookie, runs functions, trusts
//! accounts as signers, or has an origin that is no S3 bucket with origin access control is refused
//! with status 503 and the reason.

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

/// How old the known state of the distribution may be.
const FRESH: Duration = Duration::from_secs(1);

/// How long reading the distribution may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// An edge location with one distribution.
#[derive(Debug)]
pub struct Edge {
    cloudfront: aws_sdk_cloudfront::Client,
    distribution_id: String,
    known: Mutex<Option<(Instant, Arc<Distribution>)>>,
    store: Store,
}

impl Edge {
    /// An edge for the distribution with this id; nothing is read before the first request.
    ///
    /// `s3` must use path-style addresses, which is how an emulator finds the bucket.
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

    /// The distribution as it is deployed now, at most a second old.
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

/// Serves viewers on `listener` until `shutdown` is ready, then finishes the requests under way.
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
