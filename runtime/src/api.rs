//! The API function: a request in, a response out.
//!
//! [`respond`] finds the route (`router`), checks claims and role (`admission`), and calls the function of
//! the endpoint (`endpoints`), which uses the connections and settings of the [`ApiContext`].

mod admission;
mod context;
mod endpoints;
mod error;
mod packages;
mod presigning;
mod router;
pub mod s3_url;

use std::time::Duration;

use lambda_http::Request;
use openapi::{Call, NoParameters, Route};
use tracing::Instrument as _;

pub use self::context::ApiContext;

use self::admission::admit;
use self::endpoints::{presign, proxy, restore, sign};
use self::error::ApiError;
use self::router::{Destination, Target};
use crate::http::{ApiRequest, Response};
use crate::logging;

/// The time limit of a request.
///
/// The timeouts of the function and of the gateway follow shortly after, and they do not respond in JSON.
const REQUEST_TIME: Duration = Duration::from_secs(28);

/// Responds to a request. Every request has a response.
pub async fn respond(context: &ApiContext, request: Request) -> Response {
    let request = ApiRequest::new(request);
    let span = logging::request(request.id());
    respond_to(context, &request).instrument(span).await
}

async fn respond_to(context: &ApiContext, request: &ApiRequest) -> Response {
    let target = Target::new(request);
    let response = match target.destination() {
        Ok(Destination::Preflight) => Response::preflight(),
        Ok(Destination::Route(route)) => {
            call_in_time(context, route, request).await.unwrap_or_else(|error| {
                error.log(route.operation.id(), request.id());
                error.response(request.id())
            })
        }
        Err(error) => error.response(request.id()),
    };
    tracing::info!(
        method = target.method,
        path = target.known_path(),
        status = response.status().as_u16(),
        "answered"
    );
    response.with_cors(&target.allowed_methods())
}

async fn call_in_time(
    context: &ApiContext,
    route: &Route,
    request: &ApiRequest,
) -> Result<Response, ApiError> {
    // Boxed, because the type of the future is too deep for the compiler.
    let call = Box::pin(call(context, route, request));
    let out_of_time = |_| Err(ApiError::Unavailable("the request ran out of time".to_owned()));
    tokio::time::timeout(REQUEST_TIME, call).await.unwrap_or_else(out_of_time)
}

/// Calls the endpoint of a route.
///
/// Claims, role and parameters are checked first, in this order.
async fn call(context: &ApiContext, route: &Route, request: &ApiRequest) -> Result<Response, ApiError> {
    let admit = || admit(route.access, request);
    match route.operation.call(request.query()) {
        Call::RestorePackages(parameters) => {
            // All claims come before the role.
            let user = request.claims().user()?;
            let dataset = admit()?;
            let NoParameters {} = parameters.parse()?;
            restore::restore(context, &dataset, &user.node_id, request.body()).await
        }
        Call::PresignObject(parameters) => presign::get(context, &admit()?, parameters.parse()?).await,
        Call::PresignObjectHead(parameters) => presign::head(context, &admit()?, parameters.parse()?).await,
        Call::SignAssets(parameters) => sign::sign(context, &admit()?, parameters.parse()?).await,
        Call::ProxyObject(parameters) => proxy::get(context, &parameters.parse()?),
        Call::ProxyObjectHead(parameters) => proxy::head(context, &parameters.parse()?).await,
    }
}

#[cfg(test)]
mod tests;
