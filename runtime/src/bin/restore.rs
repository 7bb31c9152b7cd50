//! The restore function on the Lambda Runtime API.

use std::convert::Infallible;

use aws_lambda_events::sqs::SqsEvent;
use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use runtime::configuration::{RestoreSettings, Variables};
use runtime::logging;
use runtime::restore::RestoreFunction;
use runtime::telemetry::Invocation;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let variables = Variables::from_process();
    logging::start(&variables);
    let function = &RestoreFunction::new(RestoreSettings::read(&variables));
    run(service_fn(|event: LambdaEvent<SqsEvent>| async move {
        let (invocation, deadline) = (Invocation::from(&event.context), event.context.deadline());
        Ok::<_, Infallible>(function.restore_batch(&invocation, event.payload, deadline).await)
    }))
    .await
}
