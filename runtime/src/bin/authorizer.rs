//! The authorizer function on the Lambda Runtime API.

use aws_lambda_events::apigw::ApiGatewayV2CustomAuthorizerV2Request;
use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use runtime::authorizer::AuthorizerFunction;
use runtime::configuration::{AuthorizerSettings, Variables};
use runtime::logging;
use runtime::telemetry::Invocation;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let variables = Variables::from_process();
    logging::start(&variables);
    let function = &AuthorizerFunction::new(AuthorizerSettings::read(&variables));
    run(service_fn(|event: LambdaEvent<ApiGatewayV2CustomAuthorizerV2Request>| async move {
        function.decide(&Invocation::from(&event.context), event.payload).await.map_err(Error::from)
    }))
    .await
}
