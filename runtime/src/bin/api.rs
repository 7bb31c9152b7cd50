//! The API function on the Lambda Runtime API.

use std::convert::Infallible;

use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use runtime::api::{ApiFunction, GatewayEvent};
use runtime::configuration::{ApiSettings, Variables};
use runtime::logging;

// Lambda sends one event at a time, so that a single thread serves it soonest.
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let variables = Variables::of_process();
    logging::start(&variables);
    let function = &ApiFunction::new(ApiSettings::read(&variables));
    run(service_fn(|event: LambdaEvent<GatewayEvent>| async move {
        Ok::<_, Infallible>(function.answer(event.payload).await)
    }))
    .await
}
