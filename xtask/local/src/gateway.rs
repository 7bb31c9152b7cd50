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

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request, State};
use axum::response::Response;
use bytes::Bytes;
use http::HeaderValue;
use http::header::ORIGIN;
use tokio::net::TcpListener;
use tokio::time::timeout;

use crate::control_plane::{HttpApi, Route};
use crate::pool::{FunctionPool, InvocationOutcome, InvokeError};
use access_log::AccessLogEntry;
use authorizer::Authorizers;
use cors::Cors;
use refusal::Refusal;
use request::{IncomingRequest, RequestId};
use routes::RouteTable;

/// Everything the gateway serves from.
pub struct Gateway {
    api_id: String,
    routes: RouteTable,
    cors: Option<Cors>,
    authorizers: Authorizers,
    pool: FunctionPool,
}

impl Gateway {
    /// A gateway for a deployed API whose functions are in the pool.
    pub fn new(api: HttpApi, pool: FunctionPool) -> Self {
        Self {
            api_id: api.id,
            routes: RouteTable::new(api.routes),
            cors: api.cors.map(Cors::new),
            authorizers: Authorizers::new(api.authorizers, pool.clone()),
            pool,
        }
    }

    /// Answers a request, whatever happens.
    async fn answer(&self, peer: SocketAddr, request: Request) -> http::Response<Bytes> {
        let id = RequestId::new();
        let mut log = AccessLogEntry::new(&id, &request);
        let mut response = match self.answer_preflight(&request) {
            Some(response) => response,
            None => self.answer_with_cors(peer, &id, request, &mut log).await,
        };
        // A request id is base64, which a header can always hold.
        if let Ok(id) = HeaderValue::from_str(id.as_str()) {
            response.headers_mut().insert("apigw-requestid", id);
        }
        log.finish(&response);
        response
    }

    fn answer_preflight(&self, request: &Request) -> Option<http::Response<Bytes>> {
        let cors = self.cors.as_ref().filter(|_| self.routes.leaves_preflight_to_gateway(request))?;
        cors.answer_preflight(request)
    }

    async fn answer_with_cors(
        &self,
        peer: SocketAddr,
        id: &RequestId,
        request: Request,
        log: &mut AccessLogEntry,
    ) -> http::Response<Bytes> {
        let origin = request.headers().get(ORIGIN).cloned();
        let served = self.serve(peer, id, request, log).await;
        let mut response = served.unwrap_or_else(Refusal::into_response);
        if let Some(cors) = &self.cors {
            cors.decorate(origin.as_ref(), response.headers_mut());
        }
        response
    }

    async fn serve(
        &self,
        peer: SocketAddr,
        id: &RequestId,
        request: Request,
        log: &mut AccessLogEntry,
    ) -> Result<http::Response<Bytes>, Refusal> {
        request::check_header_size(&request)?;
        let route = self.routes.find(request.method(), request.uri().path()).ok_or(Refusal::NotFound)?;
        log.route = Some(route.key.to_string());
        let request = IncomingRequest::read(peer, id.clone(), request).await?;
        let caller = match &route.authorizer {
            Some(authorizer) => {
                Some(self.authorizers.authorize(authorizer, &self.api_id, route, &request).await?)
            }
            None => None,
        };
        let event = event::of(&self.api_id, route, caller, &request);
        self.invoke(route, event).await
    }

    /// Invokes the function of a route and turns what it answers into a response.
    async fn invoke(&self, route: &Route, event: Bytes) -> Result<http::Response<Bytes>, Refusal> {
        let integration = &route.integration;
        let name = &integration.function.name;
        match timeout(integration.timeout, self.pool.invoke(name, event)).await {
            Ok(Ok(InvocationOutcome::Response(payload))) => response::of(&payload).map_err(|malformed| {
                tracing::warn!(function = %name, "not a response of payload format 2.0: {malformed}");
                Refusal::InternalServerError
            }),
            // The pool has logged what went wrong.
            Ok(Ok(InvocationOutcome::FunctionError(_))) => Err(Refusal::InternalServerError),
            Ok(Err(InvokeError::EventTooLarge(_))) => Err(Refusal::RequestEntityTooLarge),
            Ok(Err(InvokeError::Stopped)) => Err(Refusal::ServiceUnavailable),
            Ok(Err(error)) => {
                tracing::error!("{error}");
                Err(Refusal::InternalServerError)
            }
            Err(_elapsed) => {
                tracing::warn!(function = %name, "no answer within {:?}", integration.timeout);
                Err(Refusal::ServiceUnavailable)
            }
        }
    }
}

/// Serves the API until `shutdown` completes and the requests under way are answered.
pub async fn serve(
    listener: TcpListener,
    gateway: Gateway,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    let router = Router::new().fallback(handle).with_state(Arc::new(gateway));
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    axum::serve(listener, service).with_graceful_shutdown(shutdown).await
}

async fn handle(
    State(gateway): State<Arc<Gateway>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request,
) -> Response {
    gateway.answer(peer, request).await.map(Body::from)
}

#[cfg(test)]
mod tests;
