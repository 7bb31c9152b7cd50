//! Reports each call to AWS.

use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use aws_sdk_ssm::config::interceptors::{
    BeforeTransmitInterceptorContextRef, FinalizerInterceptorContextRef,
};
use aws_sdk_ssm::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_ssm::error::{BoxError, ErrorMetadata};
use aws_smithy_runtime_api::client::orchestrator::Metadata;
use aws_smithy_types::config_bag::{Storable, StoreReplace};

use crate::operator::Operator;

/// A call to AWS that has ended: one attempt, so a repeated call is reported each time.
///
/// It has no parameters and no URL, which may contain secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AwsCall {
    /// The service, as the SDK names it.
    pub service: String,
    /// The operation, such as `GetParameter`.
    pub operation: String,
    /// The HTTP status, or `None` without a response.
    pub status: Option<u16>,
    /// The code of the error, if the call failed.
    pub error: Option<String>,
    /// How long the call took.
    pub duration: Duration,
}

/// Reports the calls of a client to the operator.
pub(crate) struct CallReporter(Arc<dyn Operator>);

impl CallReporter {
    pub(super) fn new(operator: &Arc<dyn Operator>) -> Self {
        Self(Arc::clone(operator))
    }
}

impl fmt::Debug for CallReporter {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("CallReporter")
    }
}

/// When an attempt started.
#[derive(Debug)]
struct Start(Instant);

impl Storable for Start {
    type Storer = StoreReplace<Self>;
}

impl Intercept for CallReporter {
    fn name(&self) -> &'static str {
        "CallReporter"
    }

    fn read_before_attempt(
        &self,
        _context: &BeforeTransmitInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        configuration: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        configuration.interceptor_state().store_put(Start(Instant::now()));
        Ok(())
    }

    fn read_after_attempt(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        configuration: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let (Some(metadata), Some(Start(start))) =
            (configuration.load::<Metadata>(), configuration.load::<Start>())
        else {
            return Ok(());
        };
        let status = context.response().map(|response| response.status().as_u16());
        let error = context.output_or_error().and_then(Result::err).map(|error| {
            let code = error.as_operation_error().and_then(|error| code_of(error));
            code.unwrap_or_else(|| if status.is_some() { "unknown error" } else { "no response" }.to_owned())
        });
        self.0.aws_call(&AwsCall {
            service: metadata.service().to_owned(),
            operation: metadata.name().to_owned(),
            status,
            error,
            duration: start.elapsed(),
        });
        Ok(())
    }
}

/// Returns the code of an error of a service.
///
/// The message after it may contain values of parameters.
fn code_of(error: &(dyn Error + 'static)) -> Option<String> {
    let mut cause = Some(error);
    while let Some(current) = cause {
        if let Some(code) = current.downcast_ref::<ErrorMetadata>().and_then(ErrorMetadata::code) {
            return Some(code.to_owned());
        }
        cause = current.source();
    }
    // The errors that a service's model names begin with the code.
    let text = error.to_string();
    let end = text.find(|character: char| !character.is_ascii_alphanumeric()).unwrap_or(text.len());
    let is_code = text.starts_with(|character: char| character.is_ascii_uppercase());
    text.get(..end).filter(|_| is_code).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use anyhow::Result;

    use super::AwsCall;
    use crate::artifact_bucket::testing::{FakeBucket, Fault};
    use crate::artifact_bucket::{ArtifactBucket, Condition};
    use crate::operator::testing::RecordingOperator;

    async fn calls(fault: Fault, key: &str) -> Result<Vec<AwsCall>> {
        let mut fake = FakeBucket::start().await;
        let calls = Arc::new(Mutex::new(Vec::new()));
        fake.connection.operator =
            Arc::new(RecordingOperator { calls: Arc::clone(&calls), ..RecordingOperator::default() });
        fake.fail_next_writes(&[fault]);
        let environment = command_line::environment::load("dev")?;
        let bucket = ArtifactBucket::new(&environment, &fake.connection);
        bucket.write("secret", b"secret".to_vec(), Condition::Absent).await?;
        bucket.read(key).await?;
        let calls = calls.lock().unwrap().clone();
        Ok(calls)
    }

    fn outcome(call: &AwsCall) -> (&str, &str, Option<u16>, Option<&str>) {
        (&call.service, &call.operation, call.status, call.error.as_deref())
    }

    #[tokio::test]
    async fn each_attempt_is_reported_with_its_status_and_without_parameters() {
        let reported = calls(Fault::Unavailable, "missing").await.unwrap();
        assert!(!format!("{reported:?}").contains("secret"), "{reported:?}");
        let [first, second, third] = &reported[..] else { panic!("{reported:?}") };
        assert_eq!(outcome(first).2, Some(503));
        assert!(outcome(first).3.is_some(), "{first:?}");
        assert_eq!(outcome(second), ("S3", "PutObject", Some(200), None));
        assert_eq!(outcome(third), ("S3", "GetObject", Some(404), Some("NoSuchKey")));
    }

    #[tokio::test]
    async fn call_without_a_response_says_so() {
        let reported = calls(Fault::LostRequest, "secret").await.unwrap();
        assert_eq!(outcome(&reported[0]), ("S3", "PutObject", None, Some("no response")));
    }
}
