//! The API function on the Lambda Runtime API.

use std::convert::Infallible;

use aws_lambda_events::apigw::ApiGatewayV2httpResponse;
use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use runtime::api::{ApiContext, respond};
use runtime::configuration::{ApiSettings, Variables};
use runtime::http::HttpApiEvent;
use runtime::logging;
use runtime::telemetry::Invocation;

// Lambda sends one event at a time, which a single thread handles fastest.
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let variables = Variables::from_process();
    logging::start(&variables);
    let context = &ApiContext::new(ApiSettings::read(&variables));
    run(service_fn(|event: LambdaEvent<HttpApiEvent>| async move {
        let invocation = Invocation::from(&event.context);
        let response = respond(context, &invocation, event.payload.into()).await;
        Ok::<ApiGatewayV2httpResponse, Infallible>(response.into())
    }))
    .await
}
