//! An HTTP API as API Gateway serves it: routes, CORS, authorizer, payload format 2.0, limits.
//!
//! What is documented is done as documented, with the link where it is done; where AWS documents nothing, this gateway
//! takes the stricter way, so that what works here works there.

mod access_log;
mod authorizer;
mod cors;
mod event;
mod refusal;
mod request;
mod response;
mod routes;
mod served_api;

use std::net::SocketAddr;
use std::sync::Arc;

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
use request::RequestId;
use served_api::ServedApi;

/// A gateway and what it serves; clones share it.
#[derive(Clone)]
pub struct Gateway {
    served: watch::Sender<Arc<ServedApi>>,
}

impl Gateway {
    /// A gateway for a deployed API whose functions are in the pool.
    pub fn new(api: HttpApi, pool: FunctionPool) -> Self {
        Self { served: watch::Sender::new(Arc::new(ServedApi::new(api, pool))) }
    }

    /// Id of the API.
    pub fn api_id(&self) -> String {
        self.served.borrow().api_id().to_owned()
    }

    /// Serves what is deployed now, and tells whether that differs from before. Requests under way end as they began.
    /// The functions of the API have to be in the pool already.
    pub fn deploy(&self, api: HttpApi) -> bool {
        self.served.send_if_modified(|served| match served.successor(api) {
            Some(successor) => {
                *served = Arc::new(successor);
                true
            }
            None => false,
        })
    }

    /// Answers a request, whatever happens.
    async fn answer(&self, peer: SocketAddr, request: Request) -> http::Response<Bytes> {
        let id = RequestId::new();
        let mut log = AccessLogEntry::new(&id, &request);
        let served = Arc::clone(&self.served.borrow());
        let mut response = served.answer(peer, &id, request, &mut log).await;
        // A request id is base64, which a header can always hold.
        if let Ok(id) = HeaderValue::from_str(id.as_str()) {
            response.headers_mut().insert("apigw-requestid", id);
        }
        log.finish(&response);
        response
    }
}

/// Serves the API until `shutdown` completes and the requests under way are answered.
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
    gateway.answer(peer, request).await.map(Body::from)
}

#[cfg(test)]
mod tests;
