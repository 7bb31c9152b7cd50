//! The API function: HTTP API events in, responses out.

mod endpoints;
mod error;
mod event;
mod packages;
mod query;
mod response;
pub mod s3_url;

use std::sync::Arc;
use std::time::Duration;

use openapi::{Access, Claims, DatasetNodeId, Operation, OrganizationId, ROUTES, Route};
use tokio::sync::OnceCell;
use tracing::Instrument as _;

pub use self::event::GatewayEvent;
pub use self::response::Response;

use self::error::ApiError;
use self::query::Query;
use crate::configuration::ApiSettings;
use crate::logging;
use crate::platform::aws::{Aws, Patience};
use crate::platform::database::Database;
use crate::platform::http_client::HttpClient;
use crate::signing::Signer;

/// When a request is answered at the latest: the function's own time and the gateway's patience end soon after, and
/// neither of them would answer in JSON.
const ANSWER_TIME: Duration = Duration::from_secs(28);

/// The API function. Building it opens no connection and calls no service.
pub struct ApiFunction {
    settings: ApiSettings,
    aws: Arc<Aws>,
    database: Database,
    signer: OnceCell<Signer>,
    sqs: OnceCell<aws_sdk_sqs::Client>,
    http: HttpClient,
}

/// A request that has passed the checks which every route shares.
struct Request {
    event: GatewayEvent,
    query: Query,
    claims: Claims,
}

/// The dataset that a request was admitted to.
struct AdmittedDataset {
    organization: OrganizationId,
    node_id: DatasetNodeId,
}

impl ApiFunction {
    /// A function with these settings.
    pub fn new(settings: ApiSettings) -> Self {
        let aws = Arc::new(Aws::new(&settings.common, Patience::Caller));
        let database = Database::new(&settings.common, Arc::clone(&aws));
        Self {
            settings,
            aws,
            database,
            signer: OnceCell::new(),
            sqs: OnceCell::new(),
            http: HttpClient::default(),
        }
    }

    /// Answer one event. Whatever it holds, there is an answer.
    pub async fn answer(&self, event: GatewayEvent) -> Response {
        let request_id = event.request_id().to_owned();
        self.answer_to(event, &request_id).instrument(logging::request(&request_id)).await
    }

    async fn answer_to(&self, event: GatewayEvent, request_id: &str) -> Response {
        let method = event.method().to_owned();
        let on_path: Vec<&Route> = ROUTES.iter().filter(|route| route.path == event.path()).collect();
        let response = match route_of(&on_path, &method) {
            Ok(Routed::Preflight) => Response::preflight(),
            Ok(Routed::To(route)) => self.run_in_time(route, event).await.unwrap_or_else(|error| {
                error.log(route.operation.id(), request_id);
                error.response(request_id)
            }),
            Err(error) => error.response(request_id),
        };
        tracing::info!(
            method,
            path = on_path.first().map(|route| route.path),
            status = response.status(),
            "answered"
        );
        response.with_cors(&on_path)
    }

    async fn run_in_time(&self, route: &Route, event: GatewayEvent) -> Result<Response, ApiError> {
        let out_of_time = |_| Err(ApiError::Unavailable("the request ran out of time".to_owned()));
        // Boxed, because the type of all that may be awaited in there is too deep for the compiler.
        let run = Box::pin(self.run(route, event));
        tokio::time::timeout(ANSWER_TIME, run).await.unwrap_or_else(out_of_time)
    }

    async fn run(&self, route: &Route, event: GatewayEvent) -> Result<Response, ApiError> {
        let request = Request { query: event.query(), claims: event.claims(), event };
        match route.operation {
            Operation::RestorePackages => {
                // All claims come before the role.
                let user = request.claims.user()?;
                self.restore_packages(&request, request.admit(route)?, user).await
            }
            Operation::PresignObject => self.presign_object(&request, request.admit(route)?).await,
            Operation::PresignObjectHead => self.presign_object_head(&request, request.admit(route)?).await,
            Operation::SignAssets => self.sign_assets(&request, request.admit(route)?).await,
            Operation::ProxyObject => self.proxy_object(&request),
            Operation::ProxyObjectHead => self.proxy_object_head(&request).await,
        }
    }
}

enum Routed<'a> {
    Preflight,
    To(&'a Route),
}

fn route_of<'a>(on_path: &[&'a Route], method: &str) -> Result<Routed<'a>, ApiError> {
    if on_path.is_empty() {
        return Err(ApiError::UnknownPath);
    }
    if method == "OPTIONS" {
        return Ok(Routed::Preflight);
    }
    match on_path.iter().find(|route| route.method.name() == method) {
        Some(route) => Ok(Routed::To(route)),
        None => Err(ApiError::MethodNotAllowed { allow: response::methods_of(on_path) }),
    }
}

impl Request {
    /// Check claims, then the role, then that the claims are for the very dataset that is asked for: a caller that comes
    /// with the platform's callback token is admitted to the dataset of its run, whatever `dataset_id` says.
    fn admit(&self, route: &Route) -> Result<AdmittedDataset, ApiError> {
        let Access::Dataset(required) = route.access else {
            return Err(ApiError::internal("a public route asked for claims"));
        };
        let organization = self.claims.organization()?;
        let dataset = self.claims.dataset()?;
        if dataset.role < required {
            return Err(ApiError::RoleTooLow { required });
        }
        let asked = self.query.node_id("dataset_id")?;
        if asked != dataset.node_id.as_str() {
            return Err(ApiError::OtherDataset);
        }
        Ok(AdmittedDataset { organization: organization.id, node_id: dataset.node_id })
    }
}

#[cfg(test)]
mod tests;
