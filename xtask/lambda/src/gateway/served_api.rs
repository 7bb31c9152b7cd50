//! One deployment of an API, and its responses to requests.

use std::net::SocketAddr;
use std::time::Instant;

use axum::extract::Request;
use bytes::Bytes;
use http::header::ORIGIN;
use tokio::time::timeout;

use super::access_log::{AccessLogEntry, AccessLogWriter};
use super::authorizer::Authorizers;
use super::cors::Cors;
use super::rejection::Rejection;
use super::request::{self, IncomingRequest, RequestId};
use super::routes::RouteTable;
use super::{event, response};
use crate::control_plane::{HttpApi, Route};
use crate::pool::{FunctionPool, InvocationOutcome, InvokeError};

/// An API with its route table, CORS and authorizers.
///
/// A request uses the same instance from start to end, even if another deployment is made meanwhile.
pub(super) struct ServedApi {
    api: HttpApi,
    routes: RouteTable,
    cors: Option<Cors>,
    authorizers: Authorizers,
    access_log: Option<AccessLogWriter>,
    pool: FunctionPool,
}

impl ServedApi {
    pub(super) fn new(api: HttpApi, pool: FunctionPool) -> Self {
        Self::after(&Authorizers::default(), api, pool)
    }

    /// Returns the replacement for this deployment, or `None` if `api` is the same.
    pub(super) fn updated(&self, api: HttpApi) -> Option<Self> {
        (api != self.api).then(|| Self::after(&self.authorizers, api, self.pool.clone()))
    }

    fn after(authorizers: &Authorizers, api: HttpApi, pool: FunctionPool) -> Self {
        Self {
            routes: RouteTable::new(api.routes.clone()),
            cors: api.cors.clone().map(Cors::new),
            authorizers: authorizers.updated(&api.authorizers),
            access_log: AccessLogWriter::new(api.access_log.as_ref(), &pool),
            api,
            pool,
        }
    }

    pub(super) fn api_id(&self) -> &str {
        &self.api.id
    }

    pub(super) fn access_log(&self) -> Option<&AccessLogWriter> {
        self.access_log.as_ref()
    }

    /// Responds to a request.
    pub(super) async fn respond(
        &self,
        peer: SocketAddr,
        id: &RequestId,
        request: Request,
        log: &mut AccessLogEntry,
    ) -> http::Response<Bytes> {
        if let Some(response) = self.respond_to_preflight(&request) {
            return response;
        }
        let origin = request.headers().get(ORIGIN).cloned();
        let served = self.serve(peer, id, request, log).await;
        let mut response = served.unwrap_or_else(|rejection| {
            log.rejection = Some(rejection);
            rejection.into_response()
        });
        if let Some(cors) = &self.cors {
            cors.replace_headers(origin.as_ref(), response.headers_mut());
        }
        response
    }

    fn respond_to_preflight(&self, request: &Request) -> Option<http::Response<Bytes>> {
        let cors = self.cors.as_ref().filter(|_| self.routes.leaves_preflight_to_gateway(request))?;
        cors.respond_to_preflight(request)
    }

    async fn serve(
        &self,
        peer: SocketAddr,
        id: &RequestId,
        request: Request,
        log: &mut AccessLogEntry,
    ) -> Result<http::Response<Bytes>, Rejection> {
        request::check_header_size(&request)?;
        let (route, limit) =
            self.routes.find(request.method(), request.uri().path()).ok_or(Rejection::NotFound)?;
        log.route = Some(route.key.to_string());
        if !limit.take(Instant::now()) {
            return Err(Rejection::TooManyRequests);
        }
        let request = IncomingRequest::read(peer, id.clone(), request).await?;
        let caller = match &route.authorizer {
            Some(authorizer) => Some(
                self.authorizers.authorize(&self.pool, authorizer, self.api_id(), route, &request).await?,
            ),
            None => None,
        };
        let event = event::for_function(self.api_id(), route, caller, &request);
        let started = Instant::now();
        let response = self.invoke(route, event).await;
        log.integration_latency = Some(started.elapsed());
        response
    }

    /// Invokes the function of a route and converts its payload to a response.
    async fn invoke(&self, route: &Route, event: Bytes) -> Result<http::Response<Bytes>, Rejection> {
        let integration = &route.integration;
        let name = &integration.function.name;
        match timeout(integration.timeout, self.pool.invoke(name, event)).await {
            Ok(Ok(InvocationOutcome::Response(payload))) => {
                response::from_payload(&payload).map_err(|malformed| {
                    tracing::warn!(function = %name, "not a response of payload format 2.0: {malformed}");
                    Rejection::InternalServerError
                })
            }
            // The pool has already logged the error.
            Ok(Ok(InvocationOutcome::FunctionError(_))) => Err(Rejection::InternalServerError),
            Ok(Err(InvokeError::EventTooLarge(_))) => Err(Rejection::RequestEntityTooLarge),
            Ok(Err(InvokeError::Stopped)) => Err(Rejection::ServiceUnavailable),
            Ok(Err(error)) => {
                tracing::error!("{error}");
                Err(Rejection::InternalServerError)
            }
            Err(_elapsed) => {
                tracing::warn!(function = %name, "no response within {:?}", integration.timeout);
                Err(Rejection::ServiceUnavailable)
            }
        }
    }
}
