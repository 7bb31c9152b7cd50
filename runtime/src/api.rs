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
mod record;
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
use self::record::{EndedRequest, RequestRecord};
use self::router::{Destination, Target};
use crate::http::{ApiRequest, Response};
use crate::logging;
use crate::telemetry::{Activity, Invocation};

/// The time limit of a request.
///
/// The timeouts of the function and of the gateway follow shortly after, and they do not respond in JSON.
const REQUEST_TIME: Duration = Duration::from_secs(28);

/// Responds to a request. Every request has a response, and leaves a line in the log.
pub async fn respond(context: &ApiContext, invocation: &Invocation, request: Request) -> Response {
    let is_cold_start = context.telemetry.is_cold_start();
    let activity = Activity::of_invocation(invocation);
    let request = ApiRequest::new(request);
    let target = Target::new(&request);
    let mut record = RequestRecord::default();
    let span = logging::request(request.id(), activity.trace());
    let outcome =
        activity.observe(respond_to(context, &target, &request, &mut record)).instrument(span).await;
    let (response, error) = match outcome {
        Ok(response) => (response, None),
        Err(error) => (error.response(request.id()), Some(error)),
    };
    let response = response.with_cors(&target.allowed_methods());
    let ended = EndedRequest { id: request.id(), route: target.name(), record, error, response: &response };
    let ending = ended.ending(&activity, is_cold_start);
    context.telemetry.end(activity, invocation, ending);
    response
}

async fn respond_to(
    context: &ApiContext,
    target: &Target<'_>,
    request: &ApiRequest,
    record: &mut RequestRecord,
) -> Result<Response, ApiError> {
    match target.destination()? {
        Destination::Preflight => Ok(Response::preflight()),
        Destination::Route(route) => call_in_time(context, route, request, record).await,
    }
}

async fn call_in_time(
    context: &ApiContext,
    route: &Route,
    request: &ApiRequest,
    record: &mut RequestRecord,
) -> Result<Response, ApiError> {
    // Boxed, because the type of the future is too deep for the compiler.
    let call = Box::pin(call(context, route, request, record));
    let out_of_time = |_| Err(ApiError::Unavailable("the request ran out of time".to_owned()));
    tokio::time::timeout(REQUEST_TIME, call).await.unwrap_or_else(out_of_time)
}

/// Calls the endpoint of a route.
///
/// Claims, role and parameters are checked first, in this order.
async fn call(
    context: &ApiContext,
    route: &Route,
    request: &ApiRequest,
    record: &mut RequestRecord,
) -> Result<Response, ApiError> {
    let admit = |record: &mut RequestRecord| admit(route.access, request, record);
    match route.operation.call(request.query()) {
        Call::RestorePackages(parameters) => {
            // All claims come before the role.
            let user = request.claims().user()?;
            let dataset = admit(record)?;
            let NoParameters {} = parameters.parse()?;
            restore::restore(context, &dataset, &user.node_id, request.body(), record).await
        }
        Call::PresignObject(parameters) => {
            let dataset = admit(record)?;
            presign::get(context, &dataset, parameters.parse()?, record).await
        }
        Call::PresignObjectHead(parameters) => {
            let dataset = admit(record)?;
            presign::head(context, &dataset, parameters.parse()?, record).await
        }
        Call::SignAssets(parameters) => {
            let dataset = admit(record)?;
            sign::sign(context, &dataset, parameters.parse()?, record).await
        }
        Call::ProxyObject(parameters) => proxy::get(context, &parameters.parse()?),
        Call::ProxyObjectHead(parameters) => proxy::head(context, &parameters.parse()?).await,
    }
}

#[cfg(test)]
mod tests;
