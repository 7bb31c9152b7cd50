//! Recording the calls of the AWS SDK.

use std::time::SystemTime;

use aws_sdk_s3::config::interceptors::{BeforeTransmitInterceptorContextRef, FinalizerInterceptorContextRef};
use aws_sdk_s3::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_s3::error::BoxError;
use aws_smithy_runtime_api::client::orchestrator::{HttpResponse, Metadata};
use aws_smithy_types::config_bag::{Storable, StoreReplace};

use super::activity::record_aws_call;
use super::step::{Failure, Kind};
use crate::clock;

/// The headers with AWS's id of a request, by kind of service.
const REQUEST_ID_HEADERS: [&str; 2] = ["x-amzn-requestid", "x-amz-request-id"];

/// The texts by which services say that they throttle, in the code of an error.
///
/// <https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html>.
const THROTTLING: [&str; 5] =
    ["Throttl", "RequestLimitExceeded", "ProvisionedThroughputExceeded", "SlowDown", "TooManyRequests"];

/// Records each HTTP request of a client as a step of the current event.
#[derive(Debug)]
pub(crate) struct CallRecorder;

/// When a request was sent.
#[derive(Debug)]
struct Sent(SystemTime);

impl Storable for Sent {
    type Storer = StoreReplace<Self>;
}

impl Intercept for CallRecorder {
    fn name(&self) -> &'static str {
        "CallRecorder"
    }

    fn read_before_transmit(
        &self,
        _context: &BeforeTransmitInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        configuration: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        configuration.interceptor_state().store_put(Sent(clock::now()));
        Ok(())
    }

    fn read_after_attempt(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        configuration: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let (Some(metadata), Some(Sent(sent))) =
            (configuration.load::<Metadata>(), configuration.load::<Sent>())
        else {
            return Ok(());
        };
        // A presigned request is not sent: it has neither a response nor an error.
        if context.response().is_none() && context.output_or_error().is_none() {
            return Ok(());
        }
        let response = context.response();
        let status = response.map(|response| response.status().as_u16());
        let kind = Kind::AwsCall {
            operation: metadata.name().to_owned(),
            status,
            request_id: response.and_then(request_id),
        };
        let failure = match response {
            Some(response) => failure_of(response),
            None => Some(Failure::Fault),
        };
        record_aws_call(metadata.service().to_owned(), kind, *sent, failure);
        Ok(())
    }
}

fn request_id(response: &HttpResponse) -> Option<String> {
    REQUEST_ID_HEADERS.iter().find_map(|name| response.headers().get(name)).map(str::to_owned)
}

/// Returns how a call failed. Only the code of an error tells whether it was throttled.
fn failure_of(response: &HttpResponse) -> Option<Failure> {
    let failure = Failure::from_status(response.status().as_u16())?;
    let body = response.body().bytes().unwrap_or_default();
    let is_throttled =
        || THROTTLING.iter().any(|code| body.windows(code.len()).any(|window| window == code.as_bytes()));
    Some(if matches!(response.status().as_u16(), 400 | 503) && is_throttled() {
        Failure::Throttle
    } else {
        failure
    })
}

#[cfg(test)]
mod tests {
    use aws_sdk_s3::config::http::HttpResponse;
    use aws_sdk_s3::primitives::SdkBody;

    use super::{Failure, failure_of};

    #[test]
    fn throttled_calls_are_told_from_other_failures() {
        let failure = |status: u16, body: &'static str| {
            failure_of(&HttpResponse::new(status.try_into().unwrap(), SdkBody::from(body)))
        };
        assert_eq!(failure(200, "SlowDown"), None);
        assert_eq!(
            failure(400, r#"{"__type":"com.amazonaws#ThrottlingException"}"#),
            Some(Failure::Throttle)
        );
        assert_eq!(failure(400, r#"{"__type":"ValidationException"}"#), Some(Failure::Error));
        assert_eq!(failure(503, "<Code>SlowDown</Code>"), Some(Failure::Throttle));
        assert_eq!(failure(503, "<Code>ServiceUnavailable</Code>"), Some(Failure::Fault));
        assert_eq!(failure(404, "<Key>SlowDown</Key>"), Some(Failure::Error));
        assert_eq!(failure(429, ""), Some(Failure::Throttle));
    }
}
