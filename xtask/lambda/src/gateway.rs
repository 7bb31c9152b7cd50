//! Serves an HTTP API as API Gateway does: routes, CORS, authorizers, payload format 2.0 and limits.
//!
//! Documented behavior follows the documentation, with a link at each place. Where the documentation is silent, this
//! gateway chooses the stricter behavior, so that a request that succeeds here also succeeds on AWS.

mod access_log;
mod authorizer;
mod cors;
mod event;
mod published;
mod recent;
mod rejection;
mod request;
mod response;
mod routes;
mod served_api;
mod token_bucket;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request, State};
use axum::response::Response;
use bytes::Bytes;
use http::HeaderValue;
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::control_plane::HttpApi;
use crate::pool::FunctionPool;
use access_log::AccessLogEntry;
pub use recent::{RecentRequests, ServedRequest};
use rejection::Rejection;
use request::RequestId;
use served_api::ServedApi;
pub use token_bucket::TokenBucket;

/// A gateway that serves an HTTP API; clones share their state.
#[derive(Clone)]
pub struct Gateway {
    pool: FunctionPool,
    served: watch::Sender<Option<Arc<ServedApi>>>,
    recent: watch::Sender<RecentRequests>,
}

impl Gateway {
    /// Creates a gateway that serves no API yet.
    pub fn new(pool: FunctionPool) -> Self {
        Self { pool, served: watch::Sender::new(None), recent: watch::Sender::default() }
    }

    /// Returns the most recent requests.
    pub fn recent_requests(&self) -> watch::Receiver<RecentRequests> {
        self.recent.subscribe()
    }

    /// Replaces the served API and returns whether it differs from the previous one.
    ///
    /// Requests in progress finish with the previous API. The pool must already contain the functions of the new one.
    pub fn deploy(&self, api: HttpApi) -> bool {
        self.served.send_if_modified(|served| {
            let updated = match served {
                Some(served) => served.updated(api),
                None => Some(ServedApi::new(api, self.pool.clone())),
            };
            let is_updated = updated.is_some();
            if let Some(updated) = updated {
                *served = Some(Arc::new(updated));
            }
            is_updated
        })
    }

    /// Stops serving the API, and returns whether one was served. Requests in progress finish.
    pub fn withdraw(&self) -> bool {
        self.served.send_if_modified(|served| served.take().is_some())
    }

    /// Responds to a request. Errors become responses too.
    async fn respond(&self, peer: SocketAddr, request: Request) -> http::Response<Bytes> {
        let id = RequestId::new();
        let mut log = AccessLogEntry::new(&id, peer, &request);
        let started = Instant::now();
        let served = self.served.borrow().clone();
        let mut response = match &served {
            Some(served) => {
                let response = served.respond(peer, &id, request, &mut log).await;
                let metrics = self.pool.metrics();
                published::publish(metrics, served.api_id(), response.status(), started.elapsed());
                response
            }
            None => Rejection::NothingDeployed.into_response(),
        };
        // A request id is base64, which is always a valid header value.
        if let Ok(id) = HeaderValue::from_str(id.as_str()) {
            response.headers_mut().insert("apigw-requestid", id);
        }
        let writer = served.as_ref().and_then(|served| served.access_log());
        let request = log.finish(&response, writer);
        self.recent.send_modify(|recent| recent.add(request));
        response
    }
}

/// Serves the API until `shutdown` completes and the requests in progress are finished.
pub async fn serve(
    listener: TcpListener,
    gateway: Gateway,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    let router = Router::new().fallback(handle).with_state(gateway);
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    axum::serve(listener, service).with_graceful_shutdown(shutdown).await
}

async fn handle(
    State(gateway): State<Gateway>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request,
) -> Response {
    gateway.respond(peer, request).await.map(Body::from)
}

#[cfg(test)]
mod tests;
